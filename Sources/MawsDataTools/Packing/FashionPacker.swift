import MawsData
import MawsDataFiles
import MawsHash
import MawsImages

/// Packs Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017) into shards with the weak labels of `FashionRule`.
///
/// Writes `fashion-train-0000.tar` …, `fashion-test-0000.tar` …, `classes.txt`, `templates.txt` and
/// `fashion-hashtags.txt`, whose counts are those of the training images.
package struct FashionPacker {
    private let source: String
    private let target: PackTarget
    private let seed: UInt64

    /// - Parameter source: folder of the four IDX files, as Debian's package dataset-fashion-mnist installs them.
    package init(source: String, target: PackTarget, seed: UInt64) {
        self.source = source
        self.target = target
        self.seed = seed
    }

    package func pack() throws -> PackResult {
        try target.check()
        let identity = try identity()
        let there = PackManifest.complete(folder: target.output, prefix: target.prefix, source: identity)
        if let there, !target.isForced { return PackResult(manifest: there, wasThere: true) }
        let read = ReadFiles(
            shards: [], others: FashionRule.Split.allCases.flatMap { [imagesPath($0), labelsPath($0)] })
        let folder = try PackFolder(
            target.sparing(read), source: identity, sets: FashionRule.Split.allCases.map(setName))
        var counter = HashtagCounter()
        var account = try write(.train, into: folder) { counter.add($0) }
        account.merge(try write(.test, into: folder) { _ in })
        try folder.write(FashionRule.classNames.map { $0.joined(separator: ", ") + "\n" }.joined(), name: "classes.txt")
        try folder.write(FashionRule.templates.map { $0 + "\n" }.joined(), name: "templates.txt")
        try folder.write(counter.vocabulary, name: target.prefix + "-hashtags.txt")
        return try folder.publish(account)
    }

    private func identity() throws -> String {
        let digest = Hash()
        for split in FashionRule.Split.allCases {
            for path in [imagesPath(split), labelsPath(split)] {
                digest.update(try Self.contents(path))
            }
        }
        return "fashion-mnist rule \(FashionRule.version), seed \(seed), shards of \(target.shardSize), "
            + "sources \(digest.hexadecimal())"
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        do {
            return try InputFile.contents(path, limit: 1 << 30)
        } catch {
            throw DataError.file(
                path: path,
                problem:
                    "cannot be read; install the Debian package dataset-fashion-mnist or name its folder by --source")
        }
    }

    private func write(
        _ split: FashionRule.Split, into folder: PackFolder, tagged: ([String]) -> Void
    ) throws -> SampleAccount {
        let images = try IdxFile(path: imagesPath(split), rank: 3)
        let labels = try IdxFile(path: labelsPath(split), rank: 1)
        guard images.dimensions[0] == labels.dimensions[0] else {
            throw DataError.file(
                path: labelsPath(split),
                problem: "has \(labels.dimensions[0]) labels for \(images.dimensions[0]) images")
        }
        let rule = FashionRule(seed: seed)
        let writer = ShardSetWriter(
            folder: folder, prefix: setName(split), shardSize: target.shardSize)
        let (height, width) = (images.dimensions[1], images.dimensions[2])
        for (index, label) in labels.values.enumerated() {
            guard label < FashionRule.classNames.count else {
                throw DataError.file(path: labelsPath(split), problem: "has the class \(label) for image \(index)")
            }
            let pixels = Array(images.values[index * width * height..<(index + 1) * width * height])
            let png = try PNGEncoder.encode(PixelImage(width: width, height: height, channels: 1, pixels: pixels))
            let weak = rule.labels(split: split, image: index, cleanClass: Int(label))
            tagged(weak.hashtags)
            try writer.append(
                PackedSample(
                    image: png, imageExtension: "png", caption: weak.caption, hashtags: weak.hashtags,
                    classIndex: Int(label)))
        }
        try writer.finish()
        return writer.account
    }

    private func setName(_ split: FashionRule.Split) -> String {
        "\(target.prefix)-\(split == .train ? "train" : "test")"
    }

    private func imagesPath(_ split: FashionRule.Split) -> String {
        "\(source)/\(split == .train ? "train" : "t10k")-images-idx3-ubyte.gz"
    }

    private func labelsPath(_ split: FashionRule.Split) -> String {
        "\(source)/\(split == .train ? "train" : "t10k")-labels-idx1-ubyte.gz"
    }
}
