# Both stacks, the old one and today's, for those without Python 2.7:
#   docker build -t selfmade-lstm . && docker run --rm selfmade-lstm make original
FROM debian:bookworm
# Debian 11 was the last with Python 2.7, and left out its pip: pip 20.3.4 was the last for it.
RUN cd /etc/apt/sources.list.d && sed s/bookworm/bullseye/ debian.sources > bullseye.sources && apt-get update && \
    apt-get install -y --no-install-recommends git make python3-pip python3-venv python2.7 && \
    python3 -m pip install --no-deps --target /usr/local/lib/python2.7/dist-packages pip==20.3.4
WORKDIR /selfmade-lstm
COPY . .
RUN make .venv/ready .venv-tf1.0.1/ready
CMD ["make", "reproduce"]
