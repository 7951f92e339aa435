#!/bin/sh
# Builds the virtual machine's disk, kernel and initial ramdisk: Debian bookworm with systemd, sshd and
# the kernel's gpio-sim. Usage: tests/vm/image.sh FOLDER      Needs root, and what .ci/prepare vm installs.
# Debian's kernel has no gpio-sim: it is built here from Debian's own source, with the interrupt
# simulator that it needs (irq_sim is not in Debian's kernel either).
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$out/work
root=$work/root
say() { printf '%s\n' "$*" >&2; }

release=$(apt-cache depends linux-headers-amd64 | sed -n 's/.*Depends: linux-headers-//p' | head -n 1)
source=/usr/src/linux-source-6.1.tar.xz
[ -d "/usr/src/linux-headers-$release" ] || { say "no kernel headers of $release"; exit 1; }
rm -rf "$work"
mkdir -p "$work/module" "$root"

say "module gpio-sim for $release"
tar -xf "$source" -C "$work/module" --strip-components=1 --wildcards \
    '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c'
cd "$work/module"
cp drivers/gpio/gpio-sim.c drivers/gpio/gpiolib.h kernel/irq/irq_sim.c .
# Built as a module it needs what built-in code has for nothing, and may not use what is not exported.
sed -i -e 's/irq_to_desc(\([^)]*\))/irq_data_to_desc(irq_get_irq_data(\1))/' \
    -e '/<linux\/slab.h>/a #include <linux/irqdesc.h>\n#include <linux/module.h>' irq_sim.c
printf 'MODULE_LICENSE("GPL");\n' >>irq_sim.c
printf 'obj-m += irq_sim.o gpio-sim.o\n' >Kbuild
make -s -C "/usr/src/linux-headers-$release" "M=$PWD" modules >build.log 2>&1 ||
    { tail -n 20 build.log >&2; exit 1; }
cd - >/dev/null

say "root file system"
mmdebstrap --quiet --variant=minbase --include="systemd,systemd-sysv,dbus,udev,kmod,openssh-server,\
python3,python3-venv,iproute2,procps,sudo,linux-image-$release,initramfs-tools" \
    bookworm "$work/root.tar" /etc/apt/sources.list.d/debian.sources
tar -xf "$work/root.tar" -C "$root"
rm "$work/root.tar"

say "settings"
install -D -m 644 -t "$root/lib/modules/$release/updates" \
    "$work/module/irq_sim.ko" "$work/module/gpio-sim.ko"
depmod -b "$root" "$release"
[ -f "$out/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$out/key"
install -D -m 600 "$out/key.pub" "$root/root/.ssh/authorized_keys"
install -D -m 755 "$here/gpio-sim-up" "$root/usr/local/sbin/gpio-sim-up"
install -D -m 644 "$here/gpio-sim.service" "$root/etc/systemd/system/gpio-sim.service"
echo raspberrypi >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n' >"$root/etc/hosts"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
echo '/dev/vda / ext4 defaults,errors=remount-ro 0 1' >"$root/etc/fstab"
printf '[Match]\nName=e*\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/wired.network"
echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' \
    >"$root/etc/udev/rules.d/60-gpio.rules"
# As on a Raspberry Pi: a user with sudo, and where the firmware has its settings.
chroot "$root" useradd --create-home --shell /bin/bash pi
echo 'pi ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/010_pi-nopasswd"
install -d -o 1000 -g 1000 -m 700 "$root/home/pi/.ssh"
install -o 1000 -g 1000 -m 600 "$out/key.pub" "$root/home/pi/.ssh/authorized_keys"
install -d "$root/boot/firmware"
echo 'dtparam=audio=on' >"$root/boot/firmware/config.txt"
echo 'console=serial0,115200 console=tty1 root=PARTUUID=1 rootwait' >"$root/boot/firmware/cmdline.txt"
# The unit has a /proc of its own, without the revision that gpio-sim-up puts into this one.
install -d "$root/usr/lib/systemd/system/street-agent.service.d"
printf '[Service]\nBindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo\n' \
    >"$root/usr/lib/systemd/system/street-agent.service.d/revision.conf"
# A busy host stands still for longer than the board's watchdog waits.
echo 'blacklist iTCO_wdt' >"$root/etc/modprobe.d/watchdog.conf"
printf 'MODULES=list\nCOMPRESS=zstd\n' >"$root/etc/initramfs-tools/conf.d/small"
printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
chroot "$root" groupadd --system gpio
chroot "$root" systemctl enable --quiet systemd-networkd gpio-sim ssh
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    systemd-networkd-wait-online.service e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    sys-kernel-debug.mount sys-kernel-tracing.mount getty@tty1.service
chroot "$root" update-initramfs -u -k "$release" >/dev/null 2>&1
cp "$root/boot/vmlinuz-$release" "$out/vmlinuz"
cp "$root/boot/initrd.img-$release" "$out/initrd"

say "disk"
truncate -s 3G "$work/disk.raw"
mke2fs -q -t ext4 -d "$root" "$work/disk.raw"
qemu-img convert -O qcow2 "$work/disk.raw" "$out/disk.qcow2"
rm -rf "$work"
