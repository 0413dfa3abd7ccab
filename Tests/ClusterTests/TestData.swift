import Foundation
import Testing

/// Fashion-MNIST packed once for all tests of this process, and the folder they work in.
enum TestData {
    /// Where `maws-coord` and the other programs lie: beside the test bundle's executable.
    static let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    static let folder: String = {
        let path = NSTemporaryDirectory() + "maws-cluster-tests-\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: TestData.folder) }
        return path
    }()

    /// Folder with the packed shards, vocabulary, tokenizer, classes and templates.
    static let packed: Result<String, any Error> = Result {
        let data = folder + "/data"
        try Program("maws", ["data", "pack", "fashion-mnist", "--output", data]).runToSuccess()
        try Program(
            "maws",
            [
                "data", "tokenizer", "--shards", data + "/fashion-train-0000.tar", "--size", "400", "--output",
                data + "/fashion.model",
            ]
        ).runToSuccess()
        return data
    }

    static func freshFolder() throws -> String {
        let path = folder + "/" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// The first training shard with the pixels of every 200th image overwritten: 25 images that cannot be decoded.
    static let damagedShard: Result<String, any Error> = Result {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: packed.get() + "/fashion-train-0000.tar"))
        let header = Data("IDAT".utf8)
        var start = bytes.startIndex
        var count = 0
        while let found = bytes.range(of: header, in: start..<bytes.endIndex) {
            if count % 200 == 7 {
                bytes.replaceSubrange(found.upperBound..<found.upperBound + 40, with: Data(repeating: 0, count: 40))
            }
            count += 1
            start = found.upperBound
        }
        let path = folder + "/damaged.tar"
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Folder with eighteen shards of at most 250 samples, each with its index: `small-train-0000.tar` and so on.
    static func smallShards() throws -> String {
        let folder = try freshFolder()
        try Program(
            "maws",
            [
                "data", "split", "--shards", packed.get() + "/fashion-train-0000.tar", "--test", "0.1", "--prefix",
                "small", "--shard-size", "250", "--output", folder,
            ]
        ).runToSuccess()
        try Program("maws", ["data", "index", "--shards", folder + "/small-train-{0000..0015}.tar"]).runToSuccess()
        return folder
    }

    /// Ends a shard with the second sample that begins in its second block of 1 MiB.
    static func cutAfterFirstBlock(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var (offset, key, starts) = (0, "", [Int]())
        while offset + 512 <= bytes.count, bytes[offset] != 0 {
            let name = String(decoding: bytes[offset..<offset + 100].prefix { $0 != 0 }, as: UTF8.self)
            let sizeText = String(decoding: bytes[offset + 124..<offset + 135], as: UTF8.self)
            let sampleKey = String(name.prefix { $0 != "." })
            if sampleKey != key, offset >= 1 << 20 { starts.append(offset) }
            key = sampleKey
            offset += 512 + ((Int(sizeText, radix: 8) ?? 0) + 511) / 512 * 512
        }
        guard starts.count > 2 else { throw Program.Failed(description: "\(path) has \(bytes.count) bytes only") }
        try (bytes[..<starts[2]] + Data(count: 1024)).write(to: URL(fileURLWithPath: path))
    }

    /// Changes the last pixels of the hundredth image, whose shard's index stays as it is.
    static func changeAnImage(_ path: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var place = bytes.startIndex
        for _ in 0..<100 {
            place = try #require(bytes.range(of: Data("IDAT".utf8), in: place..<bytes.endIndex)).upperBound
        }
        bytes[place + 10] ^= 255
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}
