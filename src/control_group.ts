/**
 * Where this process's control groups are: the files of limits that containers and batch systems set, for processors and
 * for memory.
 *
 * @module
 */

/** Reads a whole small file; `undefined` if it cannot be read. */
export type FileReader = (path: string) => string | undefined;

/** The control group of this process for one controller. */
export interface ControlGroup {
  /** Whether its files are those of cgroup v2. */
  readonly isV2: boolean;
  /** Its directory and those above it, up to the outermost that can be seen; a limit of any of them holds. */
  readonly directories: readonly string[];
}

/**
 * The control group of this process for a controller, e.g. `"memory"`; `undefined` where there is none. A
 * controller mounted as v1 is not in the v2 tree, so v1 comes first.
 *
 * Sources: proc(5) on `/proc/self/cgroup` and `/proc/self/mountinfo`, cgroups(7), cgroup_namespaces(7).
 */
export function controlGroup(controller: string, readFile: FileReader): ControlGroup | undefined {
  const membership = readFile("/proc/self/cgroup") ?? "";
  const mounts = readFile("/proc/self/mountinfo") ?? "";
  // 4:memory:/user.slice (v1), 0::/user.slice (v2)
  const paths = new Map<boolean, string>();
  for (const line of membership.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") paths.set(true, path!);
    else if (controllers?.split(",").includes(controller)) paths.set(false, path!);
  }
  for (const isV2 of [false, true]) {
    const path = paths.get(isV2);
    const mount = path === undefined ? undefined : findMount(mounts, isV2 ? undefined : controller);
    if (mount !== undefined) {
      return { isV2, directories: upwards(mount.point, relativePath(path!, mount.root)) };
    }
  }
  return undefined;
}

interface Mount {
  /** Which directory of the tree is mounted. */
  readonly root: string;
  /** Where. */
  readonly point: string;
}

/** The mount of a v1 controller, or of the v2 tree when `controller` is `undefined`. */
function findMount(mounts: string, controller: string | undefined): Mount | undefined {
  for (const line of mounts.split("\n")) {
    // 36 35 98:0 /root /point rw,noatime shared:1 - cgroup cgroup rw,memory
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, point] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    const isWanted = controller === undefined
      ? type === "cgroup2"
      : type === "cgroup" && options.split(",").includes(controller);
    if (isWanted && root && point) return { root: unescaped(root), point: unescaped(point) };
  }
  return undefined;
}

/**
 * A group's path below what is mounted; a container that sees only its own group has that as the mount
 * itself.
 */
function relativePath(path: string, root: string): string {
  const base = root === "/" ? "" : root;
  const isBelow = path === base || path.startsWith(`${base}/`);
  const relative = isBelow ? path.slice(base.length) : "";
  return relative === "/" || relative.includes("/..") ? "" : relative;
}

function upwards(top: string, relative: string): string[] {
  const directories: string[] = [];
  for (let path = relative; path !== ""; path = path.slice(0, path.lastIndexOf("/"))) {
    directories.push(top + path);
  }
  directories.push(top);
  return directories;
}

/** The kernel writes blanks in paths as `\040`. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
