import Glibc
import MawsDataFiles

/// The bytes of a file one after the other, through a buffer of its own.
struct ByteStream {
    private let file: InputFile
    private var offset: UInt64 = 0
    private var buffer: [UInt8] = []
    private var position = 0
    private static let bufferSize: UInt64 = 1 << 18

    init(path: String) throws { file = try InputFile(path: path) }

    /// Which share of the file has been given out, 0...1.
    var share: Double {
        file.size == 0 ? 1 : Double(offset - UInt64(buffer.count - position)) / Double(file.size)
    }

    mutating func next() throws -> UInt8? {
        if position == buffer.count, try !fill() { return nil }
        defer { position += 1 }
        return buffer[position]
    }

    /// Appends bytes for as long as they are in the buffer and neither the delimiter, a quote nor a line end.
    mutating func appendPlain(to bytes: inout [UInt8], delimiter: UInt8) {
        buffer.withUnsafeBufferPointer { buffer in
            var end = position
            while end < buffer.count, buffer[end] != delimiter, buffer[end] != 34, buffer[end] != 10, buffer[end] != 13
            {
                end += 1
            }
            bytes.append(contentsOf: buffer[position..<end])
            position = end
        }
    }

    /// Appends the bytes up to the next line feed, which is skipped. False at the end of the file.
    mutating func appendLine(to bytes: inout [UInt8], limit: Int) throws -> Bool {
        guard try position < buffer.count || fill() else { return false }
        while true {
            let end = lineFeed()
            bytes += buffer[position..<(end ?? buffer.count)]
            position = end.map { $0 + 1 } ?? buffer.count
            if end != nil || bytes.count > limit { return true }
            if try !fill() { return true }
        }
    }

    private func lineFeed() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + position, 10, bytes.count - position) else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }

    private mutating func fill() throws -> Bool {
        buffer = try file.read(offset: offset, count: Int(min(Self.bufferSize, file.size - offset)))
        offset += UInt64(buffer.count)
        position = 0
        return !buffer.isEmpty
    }
}
