import MawsDataFiles

/// Writes a tar file whose bytes depend on nothing but its members: owner 0, mode 644, time 0.
///
/// Names of up to 100 bytes use plain ustar headers; longer ones are preceded by a pax record.
package final class TarWriter {
    private let file: OutputFile

    package init(path: String) throws { file = try OutputFile(path: path) }

    package func append(name: String, _ data: [UInt8]) throws {
        if name.utf8.count > 100 {
            let record = Self.paxRecord(key: "path", value: name)
            try file.write(Self.header(name: "pax", size: record.count, flag: UInt8(ascii: "x")))
            try file.write(Self.padded(record))
        }
        try file.write(Self.header(name: name, size: data.count, flag: UInt8(ascii: "0")))
        try file.write(Self.padded(data))
    }

    /// Ends the archive. Returns the bytes and the SHA-256 of the file.
    @discardableResult
    package func finish() throws -> (byteCount: UInt64, hash: String) {
        try file.write([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
        let count = file.byteCount
        return (count, try file.finish())
    }

    package static func header(name: String, size: Int, flag: UInt8) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put(name.utf8.prefix(100), at: 0)
        put("0000644\0".utf8, at: 100)
        put("0000000\0".utf8, at: 108)
        put("0000000\0".utf8, at: 116)
        put(octal(size, digits: 11).utf8, at: 124)
        put(octal(0, digits: 11).utf8, at: 136)
        put("        ".utf8, at: 148)
        block[156] = flag
        put("ustar\u{0}00".utf8, at: 257)
        let sum = block.reduce(0) { $0 + Int($1) }
        put((octal(sum, digits: 6) + "\0").utf8, at: 148)
        return block
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        precondition(text.count <= digits, "a tar member is limited to 8 GiB")
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The record's own length counts itself, so its digits are found by trying.
    private static func paxRecord(key: String, value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n".utf8
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length += 1 }
        return Array(String(length).utf8) + Array(rest)
    }

    private static func padded(_ data: [UInt8]) -> [UInt8] {
        let missing = (TarHeader.blockSize - data.count % TarHeader.blockSize) % TarHeader.blockSize
        return data + [UInt8](repeating: 0, count: missing)
    }
}
