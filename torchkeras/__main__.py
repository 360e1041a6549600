"""`python -m torchkeras script.py`: run a Keras script on torchkeras."""

from torchkeras.compat.run import main

if __name__ == "__main__":
    main()
