import MawsData

/// Writes samples into `<prefix>-0000.tar`, `<prefix>-0001.tar`, … of a fixed number of samples each.
final class ShardSetWriter {
    private let folder: PackFolder
    private let prefix: String
    private let shardSize: Int
    private var shard: TarWriter?
    private var shardCount = 0
    private var shardSamples = 0
    private(set) var sampleCount = 0
    /// The samples, and what they lack.
    private(set) var account = SampleAccount()

    init(folder: PackFolder, prefix: String, shardSize: Int) {
        precondition(shardSize > 0)
        self.folder = folder
        self.prefix = prefix
        self.shardSize = shardSize
    }

    /// - Parameter label: goes into the sample's key behind its number, so that a message about it can be understood.
    func append(_ sample: PackedSample, label: String = "") throws {
        let writer = try shard ?? TarWriter(path: folder.path(shardName))
        shard = writer
        let key = "\(prefix)-\(Self.number(sampleCount, digits: 8))" + (label.isEmpty ? "" : "-" + Self.plain(label))
        try writer.append(name: "\(key).\(sample.imageExtension)", sample.image)
        for member in sample.members { try writer.append(name: "\(key).\(member.ending)", member.bytes) }
        account.take(
            name: key, hasCaption: sample.hasCaption, hasHashtags: !sample.hashtags.isEmpty,
            hasClass: sample[.classIndex] != nil)
        for remark in sample.remarks { account.add(.incomplete, remark, example: key) }
        if sample.isDoubtful { account.add(.incomplete, SampleAccount.doubtful, example: key) }
        sampleCount += 1
        shardSamples += 1
        if shardSamples == shardSize { try finish() }
    }

    /// Ends the last shard.
    func finish() throws {
        guard let shard else { return }
        let (byteCount, hash) = try shard.finish()
        folder.add(shardName, bytes: byteCount, hash: hash, samples: shardSamples)
        self.shard = nil
        shardCount += 1
        shardSamples = 0
    }

    private var shardName: String { "\(prefix)-\(Self.number(shardCount, digits: 4)).tar" }

    private static func number(_ value: Int, digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Letters, digits, `-` and `_` of ASCII, at most 48 of them.
    private static func plain(_ label: String) -> String {
        String(label.unicodeScalars.prefix(48).map { isPlain($0) ? Character($0) : "_" })
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }
}
