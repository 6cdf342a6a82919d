#!/bin/sh
# What a new workspace needs, whole or not at all: a kill in between leaves a folder that the next try replaces.
#
#	prepare.sh fetch SITE                       as git clone
#	prepare.sh install NODE_MODULES COMMAND…    as npm ci, after a command that takes the time that it would take
set -eu
step=$1
from=$2
shift 2
case $step in
fetch)
  rm -rf site.new
  cp -R "$from" site.new
  mv site.new site
  ;;
install)
  "$@"
  rm -rf site/node_modules.new site/linked
  # Hard links take no room, and are as good as copies of files that nobody writes. A workspace on another mount can't have them.
  links=
  ! ln "$from/.package-lock.json" site/linked 2>/dev/null || links=l
  rm -f site/linked
  cp "-a$links" "$from" site/node_modules.new
  # npm writes this file last, after the lock file that it installs.
  cp site/node_modules.new/.package-lock.json site/marker.new
  mv site/marker.new site/node_modules.new/.package-lock.json
  mv site/node_modules.new site/node_modules
  ;;
esac
