/// Bytes in memory, read like a file.
package struct MemorySource: ByteSource {
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) { (self.path, self.bytes) = (path, bytes) }

    package var size: UInt64 { UInt64(bytes.count) }

    package func read(offset: UInt64, count: Int) -> [UInt8] { Array(bytes[Int(offset)..<Int(offset) + count]) }

    package func forget(offset: UInt64, count: Int) {}
}
