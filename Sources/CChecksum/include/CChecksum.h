#pragma once

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) over bytes: the state after them, of the state before. A first state is all ones, and the
/// checksum is the last state's complement. Uses what this processor is fastest with: wide carry-less products, its
/// instruction for this checksum, or tables.
uint32_t maws_crc32c_add(uint32_t state, const void *data, size_t count);
/// The same without products.
uint32_t maws_crc32c_add_by_instruction(uint32_t state, const void *data, size_t count);
/// The same without any such instruction.
uint32_t maws_crc32c_add_portably(uint32_t state, const void *data, size_t count);
