#!/usr/bin/env bash
# The documented procedure by a person with a terminal, as a script: change the version of one component in one TidbCluster, look every
# two seconds until its pods are rebuilt and Running, go on with the next TidbCluster, then with the next component.
# Its wait ends earlier than the database is whole: that is the procedure, not a mistake of this script.
set -euo pipefail
namespace=$1 version=$2
calls=0
count() { calls=$((calls + 1)); kubectl "$@"; }
for component in pd tiflash tikv pump tidb ticdc; do
  for cluster in east west south; do
    tc="$namespace-$cluster"
    count --context "$cluster" -n "$namespace" patch tidbcluster "$tc" --type merge -p "{\"spec\":{\"$component\":{\"version\":\"$version\"}}}" > /dev/null
    wanted=$(count --context "$cluster" -n "$namespace" get statefulset "$tc-$component" -o jsonpath='{.spec.replicas}')
    while :; do
      sleep 2
      calls=$((calls + 1))
      running=$(kubectl --context "$cluster" -n "$namespace" get pods -l "app.kubernetes.io/instance=$tc,app.kubernetes.io/component=$component" \
        -o jsonpath="{range .items[?(@.status.phase=='Running')]}{.spec.containers[0].image}{'\n'}{end}" | grep -c ":$version\$" || true)
      [ "$running" = "$wanted" ] && break
    done
  done
done
echo "calls $calls"
