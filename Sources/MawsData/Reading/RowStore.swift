import Foundation
import MawsDataFiles
import MawsHash
import MawsImages
import MawsPlan

/// Images that lie in files of their own, read where they are: `folder:PATH`, whose folders are classes, or
/// `list:FILE`, a CSV or JSONL list.
struct RowStore: SampleStore {
    private let rows: [SourceRow]
    let problems: [SkippedSample]
    let account: SampleAccount
    let classNames: [String]?
    let classFile: String? = nil
    let notes: [String]

    /// Nil for a path that is neither.
    /// - Parameter digest: takes names and sizes of all images.
    init?(_ path: String, root: String, digest: Hash) throws {
        let source: any RowSource
        if path.hasPrefix("folder:") {
            source = try FolderSource(
                path: PathText.resolved(String(path.dropFirst(7)), root: root), classes: .whereThereAre)
        } else if path.hasPrefix("list:") {
            source = try ListSource(path: PathText.resolved(String(path.dropFirst(5)), root: root))
        } else {
            return nil
        }
        var (rows, names): ([SourceRow], ClassSpellings) = ([], ClassSpellings())
        var (problems, summaries): ([SkippedSample], String) = ([], "")
        try source.forEachRow(progress: { _ in }) { result in
            switch result {
            case .success(let row):
                rows.append(row)
                if let name = row.className { names.add(name) }
                summaries += Self.summary(row)
            case .failure(let error):
                problems.append(SkippedSample(shard: path, member: "", offset: 0, reason: "\(error)"))
            }
            if summaries.utf8.count > 1 << 16 {
                digest.update(summaries)
                summaries = ""
            }
        }
        digest.update(summaries)
        self.rows = rows
        self.problems = problems
        account = source.account
        classNames = names.names.sorted()
        notes = source.notes + names.notes.map { "\(path): \($0)" }
    }

    var count: Int { rows.count }

    func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        let row = rows[index]
        if required.contains(.caption), row.caption == nil { throw ContentProblem(text: SampleReader.noCaption) }
        var sample = Sample(name: "", image: [], caption: row.caption, hashtags: [], classIndex: nil)
        if parts.contains(.image) { sample.image = try image(row) }
        if parts.contains(.hashtags) { sample.hashtags = row.effectiveHashtags }
        sample.className = row.className
        sample.remarks = row.remarks
        return sample
    }

    func has(_ part: SamplePart, _ index: Int) -> Bool {
        switch part {
        case .image: true
        case .caption: rows[index].caption != nil
        case .hashtags: rows[index].hashtags != nil
        case .classIndex: rows[index].className != nil
        }
    }

    func captionPlace(_ index: Int) -> CaptionPlace { rows[index].caption == nil ? .nowhere : .known }

    func packed(_ index: Int) throws -> PackedSample {
        let image = try image(rows[index])
        return try PackedSample(
            rows[index], image: image, imageExtension: EncodedImage(image).format.fileExtension,
            classes: ClassNumbers())
    }

    func key(_ index: Int) -> String { "\(rows[index].imagePath)" }

    func place(_ index: Int, reason: String) -> SkippedSample {
        let row = rows[index]
        return SkippedSample(
            shard: row.line.map { "\(row.file), line \($0)" } ?? row.file,
            member: row.line == nil ? "" : "\(row.imagePath)",
            offset: 0, reason: reason)
    }

    func fetches(_ indices: [Int]) -> [@Sendable () throws -> Void] { [] }

    private func image(_ row: SourceRow) throws -> [UInt8] {
        do {
            return try InputFile.contents(row.imagePath, limit: Int(SamplePart.image.sizeMax))
        } catch DataError.system(_, _, let code) where code == ENOENT || code == EISDIR {
            // What is not there is missing for good; a disk that fails is another matter.
            throw ContentProblem(text: "the image is not there")
        } catch DataError.file(_, let problem) {
            throw ContentProblem(text: "the image \(problem)")
        }
    }

    private static func summary(_ row: SourceRow) -> String {
        var status = stat()
        let size = row.imagePath.withPath { stat($0, &status) } == 0 ? Int(status.st_size) : -1
        return "\n\(row.imagePath.base)\0\(size),\(row.caption?.utf8.count ?? -1),"
            + "\(row.hashtags?.count ?? -1),\(row.className ?? "")"
    }
}
