"""`python -m agent` is `street-agent`."""

import sys

from agent.cli import main

sys.exit(main())
