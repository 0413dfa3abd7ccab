/// A chunk of fp32 numbers as four planes: all lowest bytes, then all second bytes, and so on.
///
/// Sign and exponent of neighbouring numbers are alike and compress well once they lie together; the low bytes of the
/// mantissa are noise and are stored as they are.
enum BytePlanes {
    /// 2^18 numbers: the planes of a chunk stay in the second-level cache.
    static let chunkBytes = 1 << 20
    static let planeCount = 4
    /// A 32-bit length before each plane.
    static let headerBytes = planeCount * 4

    /// - Parameter planes: `planeCount` planes of `chunk.count / 4` bytes, one after the other.
    static func split(_ chunk: UnsafeRawBufferPointer, into planes: UnsafeMutablePointer<UInt8>) {
        let count = chunk.count / planeCount
        guard let source = chunk.baseAddress else { return }
        let (first, second) = (planes, planes + count)
        let (third, fourth) = (planes + 2 * count, planes + 3 * count)
        for index in 0..<count {
            let word = source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self).littleEndian
            first[index] = UInt8(truncatingIfNeeded: word)
            second[index] = UInt8(truncatingIfNeeded: word &>> 8)
            third[index] = UInt8(truncatingIfNeeded: word &>> 16)
            fourth[index] = UInt8(truncatingIfNeeded: word &>> 24)
        }
    }

    static func join(_ planes: UnsafePointer<UInt8>, into chunk: UnsafeMutableRawBufferPointer) {
        let count = chunk.count / planeCount
        guard let destination = chunk.baseAddress else { return }
        let (first, second) = (planes, planes + count)
        let (third, fourth) = (planes + 2 * count, planes + 3 * count)
        for index in 0..<count {
            let low = UInt32(first[index]) | UInt32(second[index]) &<< 8
            let high = UInt32(third[index]) &<< 16 | UInt32(fourth[index]) &<< 24
            destination.storeBytes(of: (low | high).littleEndian, toByteOffset: 4 &* index, as: UInt32.self)
        }
    }
}
