"""The offline kit: what a class installs RAO Lab from without a network; its installer goes into it as it stands."""
