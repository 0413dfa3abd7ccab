/// Bytes in memory, read like a file.
struct MemorySource: ByteSource {
    let path: String
    let bytes: [UInt8]

    var size: UInt64 { UInt64(bytes.count) }

    func read(offset: UInt64, count: Int) -> [UInt8] { Array(bytes[Int(offset)..<Int(offset) + count]) }

    func forget(offset: UInt64, count: Int) {}
}
