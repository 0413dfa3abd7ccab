import MawsBase

/// Turns tensors into payload bytes and back, bit for bit.
package enum TensorCodec {
    /// - Parameter tensor: little-endian fp32, a multiple of 4 bytes.
    package static func encode(_ tensor: UnsafeRawBufferPointer, as encoding: TensorEncoding) -> [UInt8] {
        precondition(tensor.count.isMultiple(of: 4), "a tensor of fp32 has a multiple of 4 bytes")
        switch encoding {
        case .fp32: return Array(tensor)
        case .fp32Zstd:
            let compressor = PlaneCompressor()
            var payload: [UInt8] = []
            payload.reserveCapacity(payloadLimit(tensorBytes: tensor.count, encoding: encoding))
            for chunk in chunks(of: tensor.count) {
                compressor.append(UnsafeRawBufferPointer(rebasing: tensor[chunk]), to: &payload)
            }
            return payload
        case .fp32Runs:
            return ZeroRuns.encode(count: tensor.count / 4, ZeroRuns.runs(of: tensor))
        }
    }

    /// The `fp32Runs` payload of a tensor that is zero outside of these runs.
    /// - Parameters:
    ///   - count: elements of the tensor, below 2^32.
    ///   - runs: first element, and little-endian fp32; ascending.
    package static func encode(count: Int, runs: [(start: Int, values: UnsafeRawBufferPointer)]) -> [UInt8] {
        ZeroRuns.encode(count: count, runs)
    }

    /// The runs of a `fp32Runs` payload, and their numbers, which fill the start of `values`.
    /// - Parameters:
    ///   - count: elements of the tensor.
    ///   - values: room for as many bytes as the payload has, or the tensor.
    package static func decode(
        runs payload: UnsafeRawBufferPointer, of count: Int, into values: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> [Range<Int>] {
        let (runs, numbers) = try ZeroRuns.parse(payload, count: count)
        values.copyMemory(from: numbers)
        return runs
    }

    /// Fills `tensor` exactly, or throws: a payload of any other size, or one that is damaged, is refused. What was
    /// written to `tensor` by then is not to be used.
    package static func decode(
        _ payload: UnsafeRawBufferPointer, as encoding: TensorEncoding, into tensor: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        precondition(tensor.count.isMultiple(of: 4), "a tensor of fp32 has a multiple of 4 bytes")
        switch encoding {
        case .fp32:
            guard payload.count == tensor.count else {
                throw .wrongSize(expectedBytes: tensor.count, foundBytes: payload.count)
            }
            tensor.copyMemory(from: payload)
        case .fp32Zstd:
            let decompressor = PlaneDecompressor()
            var rest = payload
            for chunk in chunks(of: tensor.count) {
                try decompressor.take(from: &rest, into: UnsafeMutableRawBufferPointer(rebasing: tensor[chunk]))
            }
            guard rest.isEmpty else { throw .damaged(reason: "\(rest.count) bytes follow the last plane") }
        case .fp32Runs:
            try ZeroRuns.decode(payload, into: tensor)
        }
    }

    /// The most bytes `encode` makes of a tensor of `tensorBytes`: receivers check a payload's size against it before
    /// they allocate.
    package static func payloadLimit(tensorBytes: Int, encoding: TensorEncoding) -> Int {
        switch encoding {
        case .fp32: tensorBytes
        case .fp32Zstd: tensorBytes + chunks(of: tensorBytes).count * BytePlanes.headerBytes
        case .fp32Runs: tensorBytes + ZeroRuns.headerBytes + ZeroRuns.runBytes
        }
    }

    /// Byte ranges of a tensor that are coded one by one.
    private static func chunks(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: BytePlanes.chunkBytes).map { $0..<min($0 + BytePlanes.chunkBytes, count) }
    }
}
