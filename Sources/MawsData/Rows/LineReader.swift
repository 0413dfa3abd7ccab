import MawsDataFiles

/// The lines of a file, numbered from 1.
struct LineReader {
    private let path: String
    private var bytes: ByteStream
    private var number = 0

    /// Most bytes of a line.
    private static let lineSizeMax = 1 << 22

    init(path: String) throws {
        self.path = path
        bytes = try ByteStream(path: path)
    }

    /// Which share of the file has been read, 0...1.
    var share: Double { bytes.share }

    mutating func next() throws -> (number: Int, line: [UInt8])? {
        var line: [UInt8] = []
        number += 1
        guard try bytes.appendLine(to: &line, limit: Self.lineSizeMax) else { return nil }
        guard line.count <= Self.lineSizeMax else {
            throw DataError.line(file: path, line: number, problem: "the line is longer than \(Self.lineSizeMax) bytes")
        }
        return (number, line)
    }
}
