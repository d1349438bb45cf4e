"""`python -m gausslab`."""

from gausslab.cli import main

if __name__ == "__main__":
    main()
