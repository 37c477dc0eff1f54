# guest.sh - what the two kinds of virtual machine share: Debian's own kernel from its package, its
# modules, qemu without hardware virtualisation, and the way a script's output, status and files come
# back. Sourced by machine and system; `me` is the name of the program that does.
export LC_ALL=C

cache=${VM_CACHE:-${HOME:-/root}/.cache/dbus-warden-vm}
# 125: the machine could not be made, or ended without a word
die() { echo "$me: $*" >&2; exit 125; }

# need PROGRAM PACKAGE: remembers what is not installed, for install_needs
needs=()
need() { [ -n "$(command -v "$1")" ] || [ -x "/usr/sbin/$1" ] || needs+=("$2"); }
install_needs() {
	[ ${#needs[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "not installed, and we are not root: ${needs[*]}"
	{
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needs[@]}"
	} >&2 || die "could not install ${needs[*]}"
}

# A meta package leads to the kernel that it depends on.
kernel_real_name() {
	local name=$1 next
	while next=$(apt-cache depends --no-recommends --no-suggests "$name" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1) && [ -n "$next" ]; do
		name=$next
	done
	echo "$name"
}

# kernel_fetch PACKAGE: sets kernel_folder (vmlinuz, config, lib/modules) and kernel_version
kernel_fetch() {
	local package=$1 name new
	need cpio cpio
	need modprobe kmod
	need qemu-system-x86_64 qemu-system-x86
	{ [ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1; } || needs+=(busybox-static)
	install_needs
	mkdir -p "$cache"
	kernel_folder=$cache/$package
	if [ ! -e "$kernel_folder/vmlinuz" ]; then
		name=$(kernel_real_name "$package")
		if [ ! -e "$cache/$name/vmlinuz" ]; then
			new=$(mktemp -d "$cache/.new.XXXXXX")
			chmod 755 "$new"
			(
				cd "$new"
				apt-get download -qq "$name" 2>/dev/null ||
					{ apt-get update -qq && apt-get download -qq "$name"; }
				dpkg-deb -x ./*.deb tree
				rm -f ./*.deb
				mv tree/boot/vmlinuz-* vmlinuz
				mv tree/boot/config-* config
				modules=tree/lib/modules
				[ -d "$modules" ] || modules=tree/usr/lib/modules
				mkdir lib
				mv "$modules" lib/modules
				rm -rf tree
				depmod -b "$PWD" "$(ls lib/modules)"
			) >&2 || { rm -rf "$new"; die "no kernel package $name"; }
			# somebody else may have been first
			mv -T "$new" "$cache/$name" 2>/dev/null || rm -rf "$new"
		fi
		[ "$name" = "$package" ] || ln -sfn "$name" "$kernel_folder"
	fi
	kernel_version=$(ls "$kernel_folder/lib/modules")
}

# modules_put FOLDER MODULE...: with all that they need, and FOLDER/list in the order to load them
modules_put() {
	local folder=$1 module path name
	shift
	mkdir -p "$folder"
	: >"$folder/list"
	for module; do
		modprobe -d "$kernel_folder" -S "$kernel_version" --show-depends "$module" >"$work/depends" 2>/dev/null ||
			die "no module $module in $kernel_version"
		while read -r _ path _; do
			name=${path##*/}
			name=${name%%.ko*}.ko
			[ ! -e "$folder/$name" ] || continue
			case $path in
			*.xz) xz -dc "$path" >"$folder/$name" ;;
			*.zst) zstd -qdc "$path" >"$folder/$name" ;;
			*) cp "$path" "$folder/$name" ;;
			esac
			echo "$name" >>"$folder/list"
		done < <(grep '^insmod ' "$work/depends")
	done
}

# archive FOLDER: as an initramfs wants it; several may follow one another in one file
archive() { (cd "$1" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet); }

# The kernel's words for "this major security module, and no other".
security_words() {
	case $1 in
	none) echo security=none selinux=0 apparmor=0 ;;
	selinux) echo security=selinux selinux=1 apparmor=0 ;;
	apparmor) echo security=apparmor apparmor=1 selinux=0 ;;
	*) die "no security module $1" ;;
	esac
}

# guest_start LIMIT MEMORY CPUS WORDS [QEMU OPTION...]: boots $work/initrd. Three serial ports: the
# kernel's console, the script's output, and a tar of the files that it leaves. With counted=1 the
# guest's clock counts what it executes, a nanosecond an instruction: how long something takes in there
# is nearly the same each time, however busy this machine is.
guest_start() {
	local limit=$1 memory=$2 cpus=$3 words=$4 accel=(-accel tcg,thread=multi)
	shift 4
	[ "${counted:-0}" = 0 ] || accel=(-accel tcg,thread=single -icount shift=0)
	: >"$work/console.log"
	: >"$work/output.log"
	guest_status=0
	timeout --foreground -k 5 "$limit" qemu-system-x86_64 "${accel[@]}" -machine q35 -cpu max \
		-m "$memory" -smp "$cpus" -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$kernel_folder/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 quiet panic=-1 reboot=t audit=1 audit_backlog_limit=8192 $words" \
		-serial "file:$work/console.log" -serial "file:$work/output.log" \
		-serial "file:$work/out.tar" "$@" </dev/null >&2 || guest_status=$?
}

# guest_report TOKEN OUT VERBOSE: prints what the script said and ends with its status. The script's
# end is a line of its own, which nobody who does not know the token can say.
guest_report() {
	local token=$1 out=$2 verbose=$3 line
	line=$(grep -a "^$token " "$work/output.log" | tail -n 1 || true)
	sed "/^$token /d" "$work/output.log"
	if [ -n "$out" ]; then
		mkdir -p "$out"
		tar -C "$out" -xf "$work/out.tar" 2>/dev/null || echo "$me: no files came back" >&2
		cp "$work/console.log" "$work/output.log" "$out/"
	fi
	if [ "$verbose" = 1 ] || [ -z "$line" ]; then
		tail -n 60 "$work/console.log" | sed 's/^/console: /' >&2
	fi
	[ -z "$line" ] || exit "${line##* }"
	if [ "$guest_status" = 124 ]; then
		echo "$me: the time is over" >&2
		exit 124
	fi
	die "the guest ended without a status (qemu: $guest_status)"
}

token_new() { echo "VM-STATUS-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"; }
