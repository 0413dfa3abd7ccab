import Foundation

/// Fashion-MNIST packed once for all tests of this process, and the folder they work in.
enum TestData {
    /// Where `maws-coord` and the other programs lie: beside the test bundle's executable.
    static let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    static let folder: String = {
        let path = NSTemporaryDirectory() + "maws-cluster-tests-\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
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
}
