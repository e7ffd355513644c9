"""On which draw of the data did the post measure its printed lines? `make draws` writes the evidence into docs/data.md.

For each of the first twelve draws, the study `draws` has many seeds' lines at the epochs 20, 40 and 60. They are
compared with the post's six numbers. Its results are read from a folder, `python docs/draws.py DIR`.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import stats

from compat_v1.study.claims_of_data import posts_numbers, six_numbers
from compat_v1.study.runs import read_result, result_file
from compat_v1.study.studies import tasks_of

PAGE = Path(__file__).parent / "data.md"


def main():
    folder, post = Path(sys.argv[1]), posts_numbers()
    rows = []
    for task in tasks_of(["draws"]):
        numbers = six_numbers([read_result(result_file(folder, task), task)], task.draw)
        fitted = stats.multivariate_normal(numbers.mean(axis=0), np.cov(numbers.T), allow_singular=True)
        prints = np.mean(np.round(numbers[:, 0], 1) == post[0])
        rows.append((task.draw, prints, len(numbers), fitted.logpdf(post)))
    best = max(row[-1] for row in rows)
    lines = ["| draw | prints 77.4 % at epoch 20 | likelihood of the six numbers, the best draw's being 1 |"]
    lines.append("| ---: | ---: | ---: |")
    lines += [f"| {draw} | {share:.0%} of {n} | {np.exp(log - best):.2g} |" for draw, share, n, log in rows]
    print(*lines, sep="\n")
    before, rest = PAGE.read_text().split("<!-- draws -->\n")
    after = rest.split("<!-- end draws -->")[1]
    PAGE.write_text(before + "<!-- draws -->\n" + "\n".join(lines) + "\n<!-- end draws -->" + after)


if __name__ == "__main__":
    main()
