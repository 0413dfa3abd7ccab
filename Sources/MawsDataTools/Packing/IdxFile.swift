internal import CZlib
import MawsDataFiles

/// An array of bytes in the IDX format of MNIST, gzipped or not: magic 0x0000 08 dd (unsigned bytes, dd dimensions),
/// the dimensions as big-endian 32-bit numbers, the values.
struct IdxFile {
    let dimensions: [Int]
    let values: [UInt8]

    /// Most values a file may claim: about fifteen times Fashion-MNIST.
    private static let valueCountMax = 1 << 30

    /// - Parameter rank: number of dimensions the file must have.
    init(path: String, rank: Int) throws {
        _ = try InputFile(path: path)
        guard let file = gzopen(path, "rb") else {
            throw DataError.file(path: path, problem: "cannot be opened for decompression")
        }
        defer { gzclose(file) }
        let head = try Self.read(file, 4 + 4 * rank, path: path)
        guard head[0] == 0, head[1] == 0, head[2] == 8, Int(head[3]) == rank else {
            throw DataError.file(path: path, problem: "is no IDX file of bytes with \(rank) dimensions")
        }
        dimensions = (1...rank).map { position in
            head[4 * position..<4 * position + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        var count = 1
        for dimension in dimensions {
            guard dimension > 0, dimension <= Self.valueCountMax / count else {
                throw DataError.file(path: path, problem: "claims dimensions \(dimensions)")
            }
            count *= dimension
        }
        values = try Self.read(file, count, path: path)
    }

    private static func read(_ file: gzFile, _ count: Int, path: String) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard gzread(file, &bytes, UInt32(count)) == Int32(count) else {
            var code: Int32 = 0
            let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
            throw DataError.file(
                path: path, problem: code == Z_OK ? "ends early; install it again" : "is damaged (\(message))")
        }
        return bytes
    }
}
