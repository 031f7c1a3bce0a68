#!/usr/bin/env bash
# A subject of `caesura exam`: any program that is started once for each prompt, and that Ctrl-C stops.
#
#     command: [bash, agent.sh, my-program, --its, options]
#
# The prompt is its last argument. It finds its models and tools in its environment: CAESURA_OPENAI_BASE_URL and so on.

settled() { echo "{\"is\": \"settled\", \"outcome\": \"$1\"}"; }

set -m # each program in a process group of its own, which gets its Ctrl-C as in a terminal
echo '{"is": "ready"}'
while
  read -r -t 0.02 piece # what has come of a line when the time is up
  got=$?
  line+=$piece
  [ $got -eq 0 ] || [ $got -gt 128 ]
do
  if [ $got -eq 0 ]; then
    case $line in
      *'"do":"start"'*) "$@" "$CAESURA_PROMPT" </dev/null & job=$! ;;
      *'"do":"prompt"'*) prompt=${line#*'"prompt":"'} && "$@" "${prompt%%\"*}" </dev/null & job=$! ;;
      *'"do":"cancel"'* | *'"do":"leave"'*) [ -z "$job" ] || kill -INT -- "-$job" ;;
      *'"do":"end"'*) exit ;;
    esac
    line=
  fi
  if [ "$job" ] && ! kill -0 "$job" 2>/dev/null; then
    wait "$job"
    case $? in
      0) settled completed ;;
      130) settled cancelled ;;
      *) settled failed ;;
    esac
    job=
  fi
done
