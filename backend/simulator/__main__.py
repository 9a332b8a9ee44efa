"""python -m backend.simulator"""

from backend.simulator.server import main

if __name__ == "__main__":
    main()
