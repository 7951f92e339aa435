#!/bin/sh
# Will install and upgrade street-agent on a Raspberry Pi over SSH. This release cannot do it yet:
# it says what it will do and ends with 2, whatever it is asked.
set -eu

cat >&2 <<'PLAN'
deploy.sh: this release cannot install anything yet. Nothing was done.

What `./deploy.sh [USER@]HOST` will do, so that it may be run again at any time:
  1. pack this tree and the wheels of its dependencies into one release, with a digest of each file
  2. copy it over SSH to /opt/street-agent/releases/VERSION and check every digest there
  3. create the user street-agent and install systemd/street-agent.service
  4. check /etc/street-agent/site.toml with the new release, before anything is switched
  5. point /opt/street-agent/current at the new release in one rename, and restart
  6. wait until the agent is healthy; if it is not, point back at the old release and say so

Until then, by hand: README.md, "On a Raspberry Pi".
PLAN
exit 2
