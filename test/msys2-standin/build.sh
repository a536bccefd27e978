#!/bin/bash
# Builds a small stand-in for MSYS2's clang64 repository: cairo, qrencode and what they need,
# from Debian's source packages, compiled by zig for Windows, packed by the real makepkg and
# listed by the real repo-add. For tests and demos on machines that reach a Debian mirror but
# not MSYS2's.
#
#   build.sh OUT WORK
#
# OUT gets mingw/clang64/: packages, clang64.db and clang64.files, all unsigned. WORK is for
# sources and objects. Needs Debian 12, root (it installs build tools with apt), some 2 GB and
# 3 to 5 minutes on two processors. Environment:
#
#   ZIG     a zig 0.16 executable (default: zig in PATH)
#   JOBS    compilers at once (default: 2)
#   MIRROR  Debian mirror (default: the first in this machine's apt sources)
set -euo pipefail

if [ $# -ne 2 ]; then
	sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
	exit 2
fi
out=$(realpath -m "$1")
work=$(realpath -m "$2")
jobs=${JOBS:-2}
zig=$(realpath "${ZIG:-$(command -v zig || echo /nonexistent)}")
[ -x "$zig" ] || { echo "build.sh: set ZIG to a zig 0.16 executable" >&2; exit 2; }

# The first address of a Debian archive (not of its security updates) that apt is set up with.
apt_mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		grep -v '^ *#' | grep -oE '(https?|file):/+[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' ' || true
}
mirror=${MIRROR:-$(apt_mirror)}
[ -n "$mirror" ] || { echo "build.sh: no Debian mirror in the apt sources: set MIRROR" >&2; exit 2; }

env=clang64                       # MSYS2's environment: folder and prefix of every path
prefix=mingw-w64-clang-x86_64     # of its packages' names
host=x86_64-w64-mingw32           # Debian's binutils for the same target
target=x86_64-windows-gnu         # zig's name of it
sources="zlib libpng1.6 pixman cairo expat freetype fontconfig lzo2 qrencode"

src=$work/src stage=$work/stage sysroot=$work/sysroot log=$work/log bin=$work/bin
cc=$bin/cc cxx=$bin/c++ ar=$bin/ar ranlib=$bin/ranlib pkgconfig=$bin/pkg-config
export SOURCE_DATE_EPOCH=1700000000 TZ=UTC LC_ALL=C
export ZIG_GLOBAL_CACHE_DIR=$work/zig-cache ZIG_LOCAL_CACHE_DIR=$work/zig-cache
export PYTHONPATH=$work/meson/usr/lib/python3/dist-packages   # for meson, which ninja calls too
rm -rf "$stage" "$sysroot" "$src"
mkdir -p "$work/tarballs" "$stage" "$sysroot" "$src" "$log" "$bin" "$out/mingw/$env"

# step NAME COMMAND...: runs a step with its output in a log file, shown when it fails.
step() {
	local name=$1 start=$SECONDS status=0
	shift
	# Not "( … ) || status=$?", which would switch off -e inside.
	set +e
	(set -e; "$@") >"$log/$name.log" 2>&1
	status=$?
	set -e
	if [ $status -ne 0 ]; then
		tail -n 40 "$log/$name.log" >&2
		echo "build.sh: $name failed, see $log/$name.log" >&2
		exit 1
	fi
	printf '%-12s %4d s\n' "$name" $((SECONDS - start))
}

install_tools() {
	local need="build-essential gcc-mingw-w64-x86-64-win32 mingw-w64-tools makepkg pacman-package-manager
		libarchive-tools ninja-build cmake pkg-config zstd fakeroot gperf python3 xz-utils bzip2"
	# shellcheck disable=SC2086 # a list of words
	dpkg -s $need >/dev/null 2>&1 && return
	# An archive folder of its own: a cleaning apt at the same time would delete the packages.
	local apt="apt-get -o DPkg::Lock::Timeout=300 -o Dir::Cache::archives=$work/debs"
	mkdir -p "$work/debs/partial"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086
	$apt install -y --no-install-recommends $need ||
		{ $apt update; $apt install -y --no-install-recommends $need; }
}

# Upstream's tarballs, checked by apt through trixie's signed index, with a state of apt's
# apart from the machine's. meson comes from there too: cairo wants a newer one than Debian 12's.
fetch_sources() {
	local a=$work/apt type
	mkdir -p "$a/parts" "$a/lists/partial" "$a/cache/archives/partial"
	for type in deb-src deb; do
		printf 'Types: %s\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n\n' \
			$type "$mirror" /usr/share/keyrings/debian-archive-keyring.gpg
	done >"$a/parts/trixie.sources"
	local apt="apt-get -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$a/parts
		-o Dir::State::Lists=$a/lists -o Dir::Cache=$a/cache -o APT::Sandbox::User=root"
	cd "$work/tarballs"
	if [ ! -e complete ]; then
		$apt update
		# shellcheck disable=SC2086
		$apt source --tar-only --download-only $sources
		$apt download meson
		touch complete
	fi
	local name
	for name in $sources; do
		mkdir "$src/$name"
		tar -xf "$(tarball "$name")" -C "$src/$name" --strip-components=1 \
			--exclude='cairo-*/test/reference' --exclude='cairo-*/perf'
	done
	rm -rf "$work/meson"
	dpkg-deb -x meson_*_all.deb "$work/meson"
}

tarball() { find "$work/tarballs" -name "$1_*.orig.tar.*" ! -name '*.asc' | sort | head -n 1; }

# The upstream version of a source: without Debian's marks for repacked and reverted ones.
version() {
	local v
	v=$(basename "$(tarball "$1")")
	v=${v#"$1"_}
	echo "${v%.orig.tar.*}" | sed -E 's/.*\+really//; s/[.+]dfsg.*//'
}

# script NAME LINE...: an executable in bin.
script() {
	local name=$1
	shift
	{ echo '#!/bin/sh'; printf '%s\n' "$@"; } >"$bin/$name"
	chmod +x "$bin/$name"
}

make_toolchain() {
	script cc "exec '$zig' cc -target $target \"\$@\""
	script c++ "exec '$zig' c++ -target $target \"\$@\""
	script ar "exec '$zig' ar \"\$@\""
	script ranlib "exec '$zig' ranlib \"\$@\""
	script pkg-config "export PKG_CONFIG_SYSROOT_DIR='$sysroot' PKG_CONFIG_PATH=" \
		"export PKG_CONFIG_LIBDIR='$sysroot/$env/lib/pkgconfig'" 'exec /usr/bin/pkg-config "$@"'
	script meson "exec /usr/bin/python3 '$work/meson/usr/bin/meson' \"\$@\""
	cat >"$work/cross.ini" <<-INI
		[binaries]
		c = '$cc'
		cpp = '$cxx'
		ar = '$ar'
		strip = '$host-strip'
		windres = '$host-windres'
		pkg-config = '$pkgconfig'
		[properties]
		needs_exe_wrapper = true
		[built-in options]
		c_args = ['-O2', '-Wno-date-time', '-I$sysroot/$env/include']
		c_link_args = ['-L$sysroot/$env/lib']
		cpp_args = ['-O2', '-I$sysroot/$env/include']
		cpp_link_args = ['-L$sysroot/$env/lib']
		[host_machine]
		system = 'windows'
		cpu_family = 'x86_64'
		cpu = 'x86_64'
		endian = 'little'
	INI
}

# finish NAME SOURCE: makes a package's stage fit to be packed, and adds it to the sysroot.
finish() {
	local dir=$stage/$1/$env lib
	find "$dir" -name '*.dll' -exec $host-strip --strip-unneeded {} +
	for lib in "$dir"/lib/lib*.dll.a; do
		[ -f "$lib" ] && [ ! -L "$lib" ] && hide_atexit "$lib" "$dir/bin"
	done
	rm -rf "$dir"/share/{man,doc,gtk-doc,locale}
	find "$dir" \( -name '*.la' -o -name '*.exe' -o -name '*.cmake' \) -delete
	mkdir -p "$dir/share/licenses/$1"
	find "$src/$2" -maxdepth 1 -type f \( -name 'COPYING*' -o -name 'LICENSE*' -o -name FTL.TXT \) \
		-exec cp {} "$dir/share/licenses/$1/" \;
	find "$dir" -type d -empty -delete
	cp -a "$dir" "$sysroot/"
	# zig looks for X.lib and libX.a, never for libX.dll.a.
	for lib in "$sysroot/$env"/lib/lib*.dll.a; do
		lib=${lib##*/lib}
		ln -sf "lib$lib" "$sysroot/$env/lib/${lib%.dll.a}.lib"
	done
}

# A DLL without marked exports exports all symbols, zig's own atexit too, which everybody who
# links it then has twice. The import library is made anew without it.
hide_atexit() {
	local lib=$1 dlls=$2 name
	[ "$($host-nm "$lib" 2>/dev/null | grep -cE ' T atexit$')" -gt 0 ] || return 0
	cd "$work"
	name=$($host-dlltool -I "$lib")
	gendef - "$dlls/$name" 2>/dev/null | grep -vwE 'atexit|_onexit|at_quick_exit' >exports.def
	$host-dlltool -m i386:x86-64 -d exports.def -D "$name" -l "$lib"
}

# definitions FILE OBJECT...: a .def file that exports what the objects define.
definitions() {
	local file=$1
	shift
	{
		echo EXPORTS
		$host-nm -g --defined-only "$@" |
			awk 'NF == 3 && $2 ~ /^[TDRB]$/ { print "  " $3 ($2 == "T" ? "" : " DATA") }' | sort -u
	} >"$file"
}

# Debian's tarball of zlib lacks win32/, so it is compiled and linked by hand.
build_zlib() {
	cd "$src/zlib"
	local dir=$stage/zlib/$env name objects=()
	for name in adler32 compress crc32 deflate gzclose gzlib gzread gzwrite infback inffast inflate inftrees trees uncompr zutil; do
		$cc -O2 -D_LARGEFILE64_SOURCE -c $name.c -o $name.o
		objects+=($name.o)
	done
	definitions zlib1.def "${objects[@]}"
	$cc -shared -o zlib1.dll "${objects[@]}" zlib1.def -Wl,--out-implib,libz.dll.a
	rm -f libz.a
	$ar rcs libz.a "${objects[@]}"
	mkdir -p "$dir"/{bin,lib/pkgconfig,include}
	cp zlib1.dll "$dir/bin/"
	cp libz.dll.a libz.a "$dir/lib/"
	cp zlib.h zconf.h "$dir/include/"
	sed -e "s,@prefix@,/$env,; s,@exec_prefix@,\${prefix},; s,@libdir@,\${prefix}/lib," \
		-e "s,@sharedlibdir@,\${libdir},; s,@includedir@,\${prefix}/include,; s,@VERSION@,$(version zlib)," \
		zlib.pc.in >"$dir/lib/pkgconfig/zlib.pc"
	finish zlib zlib
}

# By hand too: its configure takes minutes, and cmake gives the DLL another name than MSYS2's.
build_libpng() {
	cd "$src/libpng1.6"
	cp scripts/pnglibconf.h.prebuilt pnglibconf.h
	local dir=$stage/libpng/$env name objects=()
	for name in png pngerror pngget pngmem pngpread pngread pngrio pngrtran pngrutil pngset pngtrans pngwio pngwrite pngwtran pngwutil; do
		$cc -O2 -I. -I"$sysroot/$env/include" -c $name.c -o $name.o
		objects+=($name.o)
	done
	definitions libpng16.def "${objects[@]}"
	$cc -shared -o libpng16-16.dll "${objects[@]}" libpng16.def -L"$sysroot/$env/lib" -lz -Wl,--out-implib,libpng16.dll.a
	mkdir -p "$dir"/{bin,lib/pkgconfig,include/libpng16}
	cp libpng16-16.dll "$dir/bin/"
	cp libpng16.dll.a "$dir/lib/"
	ln -s libpng16.dll.a "$dir/lib/libpng.dll.a"
	for name in png.h pngconf.h pnglibconf.h; do
		cp $name "$dir/include/libpng16/"
		ln -s libpng16/$name "$dir/include/$name"
	done
	cat >"$dir/lib/pkgconfig/libpng16.pc" <<-PC
		prefix=/$env
		exec_prefix=\${prefix}
		libdir=\${exec_prefix}/lib
		includedir=\${prefix}/include/libpng16

		Name: libpng
		Description: Loads and saves PNG files
		Version: $(version libpng1.6)
		Requires.private: zlib
		Libs: -L\${libdir} -lpng16
		Libs.private: -lz
		Cflags: -I\${includedir}
	PC
	ln -s libpng16.pc "$dir/lib/pkgconfig/libpng.pc"
	finish libpng libpng1.6
}

# with_meson NAME OPTION...
with_meson() {
	local name=$1
	shift
	cd "$src/$name"
	"$bin/meson" setup _build --cross-file "$work/cross.ini" --prefix=/$env --libdir=lib --buildtype=plain \
		--default-library=shared --wrap-mode=nofallback "$@"
	ninja -C _build -j "$jobs"
	DESTDIR=$stage/$name "$bin/meson" install -C _build --no-rebuild
	finish "$name" "$name"
}

# with_cmake NAME FOLDER OPTION...
with_cmake() {
	local name=$1 dir=$stage/$1/$env
	cd "$src/$2"
	shift 2
	cmake -S . -B _build -G Ninja -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
		-DCMAKE_AR="$ar" -DCMAKE_RANLIB="$ranlib" -DCMAKE_RC_COMPILER=$host-windres -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_INSTALL_PREFIX=/$env -DCMAKE_INSTALL_LIBDIR=lib "$@"
	ninja -C _build -j "$jobs"
	DESTDIR=$stage/$name ninja -C _build install
	if compgen -G "$dir/lib/*.dll" >/dev/null; then
		mkdir -p "$dir/bin"
		mv "$dir"/lib/*.dll "$dir/bin/"
	fi
	finish "$name" "$name"
}

build_all() {
	step zlib build_zlib
	step libpng build_libpng
	step lzo2 with_cmake lzo2 lzo2 -DENABLE_SHARED=ON -DENABLE_STATIC=OFF
	step pixman with_meson pixman -Dtests=disabled -Ddemos=disabled -Dgtk=disabled -Dlibpng=disabled -Dopenmp=disabled
	step expat with_cmake expat expat/expat -DEXPAT_BUILD_TOOLS=OFF -DEXPAT_BUILD_EXAMPLES=OFF -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_DOCS=OFF
	step freetype with_meson freetype -Dharfbuzz=disabled -Dbrotli=disabled -Dbzip2=disabled -Dpng=enabled -Dzlib=system -Dtests=disabled
	step fontconfig with_meson fontconfig -Dtests=disabled -Dtools=disabled -Ddoc=disabled -Dnls=disabled -Dcache-build=disabled
	step cairo with_meson cairo -Dtests=disabled -Dfreetype=enabled -Dfontconfig=enabled -Dpng=enabled -Dzlib=enabled -Dlzo=enabled \
		-Dglib=disabled -Dspectre=disabled -Dsymbol-lookup=disabled -Dgtk_doc=false
	step qrencode with_cmake qrencode qrencode -DBUILD_SHARED_LIBS=ON -DWITH_TOOLS=NO -DWITH_TESTS=NO -DCMAKE_DISABLE_FIND_PACKAGE_PNG=ON
}

# recipe NAME VERSION LICENCE DESCRIPTION URL DEPENDS [PROVIDES]: a PKGBUILD of what is staged.
recipe() {
	local dir=$work/makepkg/$1
	mkdir -p "$dir" "$stage/$1"
	cat >"$dir/PKGBUILD" <<-BUILD
		pkgbase=mingw-w64-$1
		pkgname=$prefix-$1
		pkgver=$2
		pkgrel=1
		pkgdesc=$(printf %q "$4 (mingw-w64)")
		arch=(any)
		url=$5
		license=($(printf %q "$3"))
		depends=($(for d in $6; do echo "$prefix-$d"; done))
		provides=($(for d in ${7:-}; do echo "$prefix-$d"; done))
		options=(!strip !debug staticlibs !purge !zipman)
		package() { mkdir -p "\$pkgdir/$env"; cp -a "$stage/$1/." "\$pkgdir/"; }
	BUILD
}

write_recipes() {
	rm -rf "$work/makepkg"
	mkdir -p "$stage/libwinpthread-git/$env/bin"
	cp /usr/$host/lib/libwinpthread-1.dll "$stage/libwinpthread-git/$env/bin/"
	$host-strip --strip-unneeded "$stage/libwinpthread-git/$env/bin/libwinpthread-1.dll"
	mkdir -p "$stage/libc++/$env/share/licenses/libc++"
	echo "stand-in, no files" >"$stage/libc++/$env/share/licenses/libc++/README"

	recipe libwinpthread-git 10.0.0 "spdx:MIT AND BSD-3-Clause-Clear" "MinGW-w64 winpthreads library" https://www.mingw-w64.org/ "" libwinpthread
	recipe libc++ 12.2.0 "spdx:Apache-2.0 WITH LLVM-exception" "Stand-in for the C/C++ runtime (everything here links it statically)" \
		https://llvm.org/ libwinpthread "libc++abi gcc-libs"
	recipe zlib "$(version zlib)" spdx:Zlib "Compression library implementing the deflate method" https://www.zlib.net/ ""
	recipe libpng "$(version libpng1.6)" custom "A collection of routines used to create PNG format graphics" http://www.libpng.org/ "gcc-libs zlib"
	recipe lzo2 "$(version lzo2)" GPL "Portable lossless data compression library" https://www.oberhumer.com/opensource/lzo/ ""
	recipe pixman "$(version pixman)" MIT "Pixman library" https://cairographics.org/ gcc-libs
	recipe expat "$(version expat)" spdx:MIT "An XML parser library" https://libexpat.github.io/ ""
	recipe freetype "$(version freetype)" "spdx:GPL-2.0-or-later OR FTL" "TrueType font rendering library" https://www.freetype.org/ "gcc-libs libpng zlib"
	recipe fontconfig "$(version fontconfig)" custom "A library for configuring and customizing font access" \
		https://www.freedesktop.org/wiki/Software/fontconfig/ "gcc-libs expat freetype"
	recipe cairo "$(version cairo)" "spdx:LGPL-2.1-or-later OR MPL-1.1" "Cairo vector graphics library" \
		https://cairographics.org/ "gcc-libs freetype fontconfig lzo2 pixman libpng zlib"
	recipe qrencode "$(version qrencode)" spdx:LGPL-2.1-or-later "C library for encoding data in a QR Code symbol" \
		https://fukuchi.org/works/qrencode/ gcc-libs
}

# makepkg refuses to run as root.
pack_all() {
	write_recipes
	local repo=$out/mingw/$env dir
	cat >"$work/makepkg/makepkg.conf" <<-CONF
		CARCH=x86_64
		CHOST=$host
		BUILDENV=(!distcc !color !ccache !check !sign)
		OPTIONS=(!strip docs !libtool staticlibs emptydirs !zipman !purge !debug !lto)
		INTEGRITY_CHECK=(sha256)
		PACKAGER="stand-in for tests <tests@example.org>"
		COMPRESSZST=(zstd -c -T1 --ultra -20 -)
		PKGEXT=.pkg.tar.zst
		SRCEXT=.src.tar.gz
		PKGDEST=$repo
		DLAGENTS=()
		VCSCLIENTS=()
		MAN_DIRS=()
		DOC_DIRS=()
		PURGE_TARGETS=()
	CONF
	rm -f "$repo"/*
	chmod 755 "$work" "$work/makepkg"
	chown -R nobody "$work/makepkg" "$repo"
	chmod -R a+rX "$stage"
	for dir in "$work"/makepkg/*/; do
		(
			cd "$dir"
			setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$work/makepkg" \
				makepkg --config "$work/makepkg/makepkg.conf" --nodeps --skipinteg --force --noprogressbar --nocolor
		)
	done
	cd "$repo"
	repo-add --nocolor $env.db.tar.zst ./*.pkg.tar.zst
	chown -R root: "$out"
	rm -f ./*.old
	# Plain files under the names that are asked for, as on a mirror.
	cp --remove-destination $env.db.tar.zst $env.db
	cp --remove-destination $env.files.tar.zst $env.files
}

step tools install_tools
step sources fetch_sources
step toolchain make_toolchain
build_all
step packages pack_all
echo "the repository is in $out: GRAFT_MIRROR_MSYS2=file://$out"
