"""Many runs of the post's network, on one machine or many, and what they say of the post's claims.

`runs` says what a run is, `studies` which runs a study has, `engine` and `keras_runs` train, `spread` hands the runs to
processes or to a cluster, `table` and `statistics` make numbers of the results.
"""
