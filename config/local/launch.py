"""Becomes a local service: gives up root, and ends with the process that started it.

Run as a script of its own, before anything of Brigade is imported: it takes the account, the signal for the
day its parent dies, the parent's process id and the command, changes what the kernel knows about this process
and turns into the command.
"""

import ctypes
import os
import sys

# From linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class CapabilityHeader(ctypes.Structure):
    """Which process, in which version of the interface."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """What the process may do, as three sets of bits."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def give_up_root(uid: int, gid: int) -> None:
    """Become an ordinary user for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def give_up_root_but_enter_folders(uid: int, gid: int) -> None:
    """Become an ordinary user who may still pass through folders that are closed to others.

    Needed when root keeps the project in its own home, which nobody else may enter: PostgreSQL refuses to run
    as root, and would not find its own programs as another user. Writing stays forbidden.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot keep the right to enter folders")
    give_up_root(uid, gid)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
        bits = 1 << capability
        data = (CapabilityData * 2)(CapabilityData(bits, bits, bits), CapabilityData(0, 0, 0))
        if libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0:
            if libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0:
                return
            break
    raise OSError(ctypes.get_errno(), "cannot keep the right to enter folders")


def die_with_parent(signal_number: int, parent: int) -> None:
    """Ask the kernel for a signal when the parent is gone, however it went. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """Change the account, tie the life to the parent's, become the command."""
    account, enter_folders, signal_number, parent, *command = arguments
    if account:
        uid, gid = (int(number) for number in account.split(":"))
        change = give_up_root_but_enter_folders if enter_folders == "enter" else give_up_root
        try:
            change(uid, gid)
        except OSError as error:
            sys.exit(f"FATAL: {error}")
    # After the change of account, which would clear it.
    die_with_parent(int(signal_number), int(parent))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
