// The rig's shim has no functions of its own: it stands in for some of the C library's. See RigShim.c.
