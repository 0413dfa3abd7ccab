/// The bytes of a file one after the other.
struct ByteStream {
    private let file: InputFile
    private var offset: UInt64 = 0
    private var buffer: [UInt8] = []
    private var position = 0

    init(path: String) throws { file = try InputFile(path: path) }

    mutating func next() throws -> UInt8? {
        if position == buffer.count {
            buffer = try file.read(offset: offset, count: Int(min(1 << 16, file.size - offset)))
            offset += UInt64(buffer.count)
            position = 0
            if buffer.isEmpty { return nil }
        }
        defer { position += 1 }
        return buffer[position]
    }
}
