# Becomes the first process of a simulated host: its resolver file in place, its loopback up, and on with the program.
# $1: the host's resolv.conf; $2: a directory for /var/run/secrets/kubernetes.io/serviceaccount, or nothing; then the program.
set -e
mount --bind "$1" /etc/resolv.conf
if [ -n "$2" ]; then
  mount -t tmpfs tmpfs /run
  mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
  mount --bind "$2" /var/run/secrets/kubernetes.io/serviceaccount
fi
ip link set lo up
shift 2
# The network card comes from outside; one line says that it is there.
read -r _
exec "$@"
