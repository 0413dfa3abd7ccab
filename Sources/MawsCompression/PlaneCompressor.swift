import CZstd

/// Codes chunks of fp32 numbers plane by plane: `length u32 | bytes`, where a length equal to the plane's own size
/// marks a plane stored as it is, and any smaller one a zstd frame.
final class PlaneCompressor {
    private let context: OpaquePointer
    private let planes = UnsafeMutablePointer<UInt8>.allocate(capacity: BytePlanes.chunkBytes)
    private let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: BytePlanes.chunkBytes, alignment: 64)

    init() {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("zstd has no memory left") }
        self.context = context
    }

    deinit {
        ZSTD_freeCCtx(context)
        planes.deallocate()
        frame.deallocate()
    }

    func append(_ chunk: UnsafeRawBufferPointer, to payload: inout [UInt8]) {
        BytePlanes.split(chunk, into: planes)
        let count = chunk.count / BytePlanes.planeCount
        for plane in 0..<BytePlanes.planeCount {
            let raw = UnsafeRawBufferPointer(start: planes + plane * count, count: count)
            let coded = compressed(raw) ?? raw
            withUnsafeBytes(of: UInt32(coded.count).littleEndian) { payload.append(contentsOf: $0) }
            payload.append(contentsOf: coded)
        }
    }

    /// Nil when the plane does not become shorter.
    private func compressed(_ plane: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        // Room for one byte less than the plane: zstd gives up on a plane it cannot shorten.
        let count = ZSTD_compressCCtx(
            context, frame.baseAddress, plane.count - 1, plane.baseAddress, plane.count, Self.level)
        return ZSTD_isError(count) == 0 ? UnsafeRawBufferPointer(rebasing: frame[..<count]) : nil
    }

    private static let level: Int32 = 1
}

/// The other direction.
final class PlaneDecompressor {
    private let context: OpaquePointer
    private let planes = UnsafeMutablePointer<UInt8>.allocate(capacity: BytePlanes.chunkBytes)

    init() {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("zstd has no memory left") }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
        planes.deallocate()
    }

    /// Takes the planes of one chunk off the front of `payload`.
    func take(
        from payload: inout UnsafeRawBufferPointer, into chunk: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        let count = chunk.count / BytePlanes.planeCount
        for plane in 0..<BytePlanes.planeCount {
            let coded = try takeCoded(from: &payload, limit: count)
            try expand(coded, into: UnsafeMutableRawBufferPointer(start: planes + plane * count, count: count))
        }
        BytePlanes.join(planes, into: chunk)
    }

    private func takeCoded(
        from payload: inout UnsafeRawBufferPointer, limit: Int
    ) throws(CompressionError) -> UnsafeRawBufferPointer {
        guard payload.count >= 4 else { throw .damaged(reason: "it ends before a plane") }
        let length = Int(UInt32(littleEndian: payload.loadUnaligned(as: UInt32.self)))
        guard length <= limit, length <= payload.count - 4 else {
            throw .damaged(reason: "a plane claims \(length) bytes")
        }
        defer { payload = UnsafeRawBufferPointer(rebasing: payload[(4 + length)...]) }
        return UnsafeRawBufferPointer(rebasing: payload[4..<4 + length])
    }

    private func expand(
        _ coded: UnsafeRawBufferPointer, into plane: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        if coded.count == plane.count { return plane.copyMemory(from: coded) }
        // zstd writes no further than the plane, whatever the frame claims.
        let count = ZSTD_decompressDCtx(context, plane.baseAddress, plane.count, coded.baseAddress, coded.count)
        guard ZSTD_isError(count) == 0 else {
            throw .damaged(reason: String(cString: ZSTD_getErrorName(count)))
        }
        guard count == plane.count else {
            throw .wrongSize(expectedBytes: plane.count, foundBytes: count)
        }
    }
}
