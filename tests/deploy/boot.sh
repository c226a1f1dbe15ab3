#!/bin/bash
# Boots the Debian in the folder $1, in namespaces that unshare has made, with the program in $2 at /opt/wyoming-hayakoe.
set -euo pipefail
root=$1
# A network that leads nowhere, but has an address as that of a home.
ip link add lan type veth peer name far
ip link set far up
ip address add 192.168.77.2/24 dev lan
ip link set lan up
ip route add default dev lan

mount --make-rprivate /
mount --bind "${root}" "${root}"
mount --bind "$2" "${root}/opt/wyoming-hayakoe"
mount -t proc proc "${root}/proc"
mount -t sysfs -o ro sysfs "${root}/sys"
mount -t cgroup2 cgroup2 "${root}/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "${root}/run"
mount -t tmpfs tmpfs "${root}/tmp"
mount -t tmpfs -o mode=755 tmpfs "${root}/dev"
for name in null zero full random urandom tty; do
  touch "${root}/dev/${name}"
  mount --bind "/dev/${name}" "${root}/dev/${name}"
done
mkdir "${root}/dev/shm" "${root}/dev/pts"
mount -t tmpfs tmpfs "${root}/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "${root}/dev/pts"
ln -s pts/ptmx "${root}/dev/ptmx"
ln -s /proc/self/fd "${root}/dev/fd"

cd "${root}"
mkdir -p .old
pivot_root . .old
umount --lazy /.old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target
