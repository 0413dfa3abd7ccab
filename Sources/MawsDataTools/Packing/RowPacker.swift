import Foundation
import MawsData
import MawsDataFiles
import MawsHash
import MawsImages

/// Packs the rows of a source: images keep their bytes, captions and hashtags become sidecars, class names numbers.
///
/// Besides the shards it writes `<prefix>-hashtags.txt` when there are hashtags and `<prefix>-classes.txt` when classes
/// are names, numbered in the order of their names.
package struct RowPacker {
    private let source: any RowSource
    private let sourceName: String
    private let target: PackTarget
    private let skipsBadRows: Bool

    /// Rows whose images are in memory at a time.
    private static let batchSize = 64

    /// - Parameter origin: the source as a split names it.
    private init(
        _ source: any RowSource, origin: String, name: String, target: PackTarget, skipsBadRows: Bool
    ) {
        self.source = source
        sourceName = name
        self.target = target.sparing(ReadFiles(shards: [origin]))
        self.skipsBadRows = skipsBadRows
    }

    /// A folder of images with sidecar files; see `FolderSource`.
    /// - Parameter classFolders: whether the first folder on the way to an image is its class, and every image lies in
    ///   one; nil: where there are such folders.
    package static func folder(
        _ path: String, classFolders: Bool?, target: PackTarget, skipsBadRows: Bool
    ) throws -> RowPacker {
        RowPacker(
            try FolderSource(
                path: path, classes: classFolders.map { $0 ? .required : .none } ?? .whereThereAre),
            origin: "folder:\(path)", name: "folder \(path)\(classFolders == false ? "" : PackManifest.byClass)",
            target: target,
            skipsBadRows: skipsBadRows)
    }

    /// A CSV or JSONL list; see `ListSource`.
    package static func list(_ path: String, target: PackTarget, skipsBadRows: Bool) throws -> RowPacker {
        RowPacker(
            try ListSource(path: path), origin: "list:\(path)", name: "list \(path)", target: target,
            skipsBadRows: skipsBadRows)
    }

    /// - Parameter progress: told now and then which share is done, 0...1.
    package func pack(progress: (Double) -> Void = { _ in }) throws -> PackResult {
        try target.check()
        let survey = try survey(progress)
        let there = PackManifest.complete(folder: target.output, prefix: target.prefix, source: survey.identity)
        if let there, !target.isForced {
            return PackResult(
                manifest: there, wasThere: true, problems: survey.tally.problems,
                notes: source.notes + survey.notes)
        }
        let folder = try PackFolder(target, source: survey.identity)
        let writer = ShardSetWriter(folder: folder, prefix: target.prefix, shardSize: target.shardSize)
        var tally = Tally()
        var counter = HashtagCounter()
        try forEachSample(survey.classes, &tally, progress: { progress((1 + 7 * $0) / 8) }) { row, sample in
            counter.add(row.effectiveHashtags)
            try writer.append(sample, label: "\(row.imagePath.base.stem)")
        }
        guard writer.sampleCount > 0 else {
            let problems = tally.problems
            let first = problems.first.map { " (\(problems.count) rows were left out, the first: \($0))" } ?? ""
            throw DataError.file(path: sourceName, problem: "has no readable image; nothing was written" + first)
        }
        try writer.finish()
        if !counter.isEmpty { try folder.write(counter.vocabulary, name: target.prefix + "-hashtags.txt") }
        if let names = survey.classes.names {
            try folder.write(names.map { $0 + "\n" }.joined(), name: target.prefix + "-classes.txt")
        }
        var account = source.account
        account.merge(tally.account)
        account.merge(writer.account)
        var result = try folder.publish(account)
        result.problems = tally.problems
        result.notes += source.notes + survey.notes
        return result
    }

    /// All cores read and decode the images; `body` takes the samples in the rows' order.
    private func forEachSample(
        _ classes: ClassNumbers, _ tally: inout Tally, progress: (Double) -> Void,
        _ body: (SourceRow, PackedSample) throws -> Void
    ) throws {
        var rows: [Result<SourceRow, DataError>] = []
        func handOut() throws {
            let batch = rows
            rows.removeAll(keepingCapacity: true)
            let samples = AllCores.map(batch.count) { index in
                Result { () throws(DataError) in
                    try Self.packed(Self.checked(batch[index].get()), classes: classes)
                }
            }
            for result in samples {
                if let (row, sample) = try keep(&tally, result.get) { try body(row, sample) }
            }
        }
        try source.forEachRow(progress: progress) { row in
            rows.append(row)
            if rows.count == Self.batchSize { try handOut() }
        }
        try handOut()
    }

    /// The first pass: classes, and a hash of everything that decides the shards' content.
    private func survey(_ progress: (Double) -> Void) throws -> Survey {
        let digest = Hash()
        digest.update("\(sourceName), shards of \(target.shardSize), skipping \(skipsBadRows), sidecars kept\n")
        var survey = Survey()
        var names = ClassSpellings()
        try source.forEachRow(progress: { progress($0 / 8) }) { result in
            guard let row = try keep(&survey.tally, { try Self.checked(result.get()) }) else { return }
            if let name = row.className { names.add(name) }
            digest.update(
                "\(row.imagePath)\0\(Self.state(row.imagePath))\0\(row.sidecarPath.map(Self.state) ?? "-")\0"
                    + "\(row.caption ?? "-")\0\(row.hashtags?.joined(separator: " ") ?? "-")\0\(row.className ?? "-")\n"
            )
        }
        survey.classes = ClassNumbers(names.names)
        let file = target.prefix + "-classes.txt"
        let commas = ClassSpellings.commas(survey.classes.names ?? [], file: file)
        survey.notes = (names.notes + [commas].compactMap(\.self)).map { "\(sourceName): \($0)" }
        survey.identity = "\(sourceName), shards of \(target.shardSize), rows \(digest.hexadecimal())"
        return survey
    }

    /// Size and time of a file, which tell whether it has changed, and whether it may be read.
    private static func state(_ path: ByteName) -> String {
        var status = stat()
        _ = path.withPath { stat($0, &status) }
        let right = path.withPath { access($0, R_OK) } == 0 ? "" : " unreadable"
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\(right)"
    }

    /// A line of the file of classes is a name.
    private static func checked(_ row: SourceRow) throws(DataError) -> SourceRow {
        guard row.className?.contains(where: \.isNewline) != true else {
            throw row.problem("the name of the class holds a line break")
        }
        return row
    }

    private struct Survey {
        var identity = ""
        var classes = ClassNumbers()
        /// What is to be said of the classes, a sentence each.
        var notes: [String] = []
        var tally = Tally()
    }

    /// Rows that are left out, and what became of all.
    private struct Tally {
        var problems: [String] = []
        var account = SampleAccount()
    }

    /// The result of `body`; nil when a row is bad and bad rows are left out.
    private func keep<T>(_ tally: inout Tally, _ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch let error as DataError {
            guard skipsBadRows else { throw error }
            tally.problems.append(error.description)
            tally.account.leaveOut(error)
            return nil
        }
    }

    private static func packed(
        _ row: SourceRow, classes: ClassNumbers
    ) throws(DataError) -> (SourceRow, PackedSample) {
        let image: [UInt8]
        let fileExtension: String
        let isDoubtful: Bool
        do {
            image = try InputFile.contents(row.imagePath, limit: Int(SamplePart.image.sizeMax))
            let encoded = try EncodedImage(image)
            isDoubtful = try encoded.decodeWhole(channels: 3).isDoubtful
            fileExtension = encoded.format.fileExtension
        } catch DataError.image(let problem) {
            throw row.imageProblem("\(problem)")
        } catch DataError.file(_, let problem) {
            throw row.imageProblem(problem)
        } catch DataError.system(_, _, let code) {
            throw row.imageProblem("cannot be read (\(String(cString: strerror(code))))")
        } catch {
            throw row.imageProblem("cannot be read")
        }
        do {
            var sample = try PackedSample(row, image: image, imageExtension: fileExtension, classes: classes)
            sample.isDoubtful = isDoubtful
            return (row, sample)
        } catch {
            throw row.problem("its .json file cannot be read")
        }
    }
}
