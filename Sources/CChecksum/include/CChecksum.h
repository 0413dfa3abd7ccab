#pragma once

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) over bytes: the state after them, of the state before. A first state is all ones, and the checksum
/// is the last state's complement. Uses the processor's instruction where it has one.
uint32_t maws_crc32c_add(uint32_t state, const void *data, size_t count);
/// The same without that instruction.
uint32_t maws_crc32c_add_portably(uint32_t state, const void *data, size_t count);
