import Foundation

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
}
