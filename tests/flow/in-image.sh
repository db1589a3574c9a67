#!/usr/bin/env bash
# in-image.sh PROGRAM [ARGUMENT…]: runs a program with what its image and its pod would give it and nothing else (images/Dockerfile, the
# chart's Deployment): the binary, glibc and the public authorities of the final base, the files its variables name, a read-only
# root, the user 65532 with no other group, no way to more rights. No container engine is needed: a mount namespace and chroot do.
# Beside the folder of STREETWISE_JWKS_FILE stands the image's root, images/NAME; where that is not set, a folder of its own.
set -euo pipefail
program=$1
shift
name=$(basename "$program")
home=$(dirname "${STREETWISE_JWKS_FILE:-$(mktemp -d /var/tmp/streetwise-image-XXXXXX)/none}")
root=$home/images/$name.$$
user=65532
# What gcr.io/distroless/cc-debian12 has beside the program; a library that is not among these would not be found there.
base='^(libc|libm|libgcc_s|libpthread|libdl|librt|ld-linux-[a-z0-9-]+)\.so(\.[0-9]+)?$'

mkdir -p "$root"/{usr/bin,etc/ssl/certs,dev,proc}
chmod -R 755 "$home/images"
while read -r library; do
  [[ $(basename "$library") =~ $base ]] || {
    echo "$name needs $library, which its image does not have" >&2
    exit 70
  }
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done < <(ldd "$program" | sed -nE 's/.*(=> |^\s*)(\/[^ ]+) \(0x.*/\2/p')
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
printf 'nonroot:x:%s:%s:nonroot:/:/sbin/nologin\n' $user $user >"$root/etc/passwd"
touch "$root/usr/bin/$name"

# Secrets and ConfigMaps as the kubelet mounts them: readable by the pod's group, written by nobody.
while IFS='=' read -r variable file; do
  [[ $variable == STREETWISE_*_FILE && -f $file ]] || continue
  install -D -m 0440 -g "$user" "$file" "$root$file" 2>/dev/null || install -D -m 0444 "$file" "$root$file"
done < <(env)
# A convenience of development: it writes.
unset STREETWISE_ENDPOINT_SECRETS_DIR

apart=(unshare --mount --propagation private)
become=(chroot --userspec="$user:$user" --groups='')
((EUID == 0)) || {
  # Without root a user of one's own has to do; it may do as little.
  apart=(unshare --user --map-root-user --mount --propagation private)
  become=(chroot)
}
# shellcheck disable=SC2016  # expanded by the inner shell
exec "${apart[@]}" bash -euc '
  root=$1 program=$2 name=$3
  shift 3
  mount --bind "$root" "$root"
  mount --bind "$program" "$root/usr/bin/$name"
  mount -o remount,bind,ro "$root/usr/bin/$name"
  mount -o remount,bind,ro "$root"
  exec setpriv --no-new-privs "$@"
' in-image "$root" "$program" "$name" "${become[@]}" "$root" "/usr/bin/$name" "$@"
