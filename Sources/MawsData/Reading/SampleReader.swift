import Foundation
import MawsBase
import MawsDataFiles
import MawsImages

/// Why the content of a sample cannot be used; the sample may be skipped.
struct ContentProblem: Error {
    var text: String
}

/// Reads and parses the members of one sample.
struct SampleReader {
    static let noCaption = "it has no caption (.txt, or the field caption of its .json)"

    let file: any ByteSource
    let location: SampleLocation
    /// CRC-32C of the parts; nil where they are unknown.
    let checksums: SIMD4<UInt32>?

    /// Throws `ContentProblem` for content that cannot be used, `DataError` for a disk that fails.
    /// - Parameter required: parts without which the sample cannot be used.
    func read(_ parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        for part in SamplePart.allCases where part != .caption && required.contains(part) && !location.has(part) {
            let failure = part == .image ? (try? sidecar())?.failure : nil
            throw ContentProblem(
                text: "it has no \(part.names) member" + (failure.map { " (its .json says \($0))" } ?? ""))
        }
        var sample = Sample(name: "", image: [], caption: nil, hashtags: [], classIndex: nil)
        if parts.contains(.image) { sample.image = try bytes(.image) ?? [] }
        let needsSidecar = parts.contains(.hashtags) || parts.contains(.caption) && !location.has(.caption)
        let sidecar = needsSidecar ? try sidecar() : nil
        if parts.contains(.caption) {
            sample.caption = try caption(sidecar)
            if !location.has(.caption), let sidecar { sample.remarks += sidecar.captionRemarks }
        }
        if parts.contains(.hashtags) {
            sample.hashtags = try hashtags(sidecar, caption: sample.caption)
            if let sidecar { sample.remarks += sidecar.hashtags.remarks }
        }
        if required.contains(.caption), sample.caption == nil { throw ContentProblem(text: Self.noCaption) }
        if parts.contains(.classIndex) { sample.classIndex = try classIndex() }
        return sample
    }

    /// The sample with the members that samples use, as they are.
    func packed() throws -> PackedSample {
        let image = try bytes(.image) ?? []
        var sample = PackedSample(image: image, imageExtension: try EncodedImage(image).format.fileExtension)
        for part in SamplePart.allCases where part != .image { sample[part] = try bytes(part) }
        sample.remarks = try read([.caption, .hashtags], required: []).remarks
        return sample
    }

    /// A member that samples do not use.
    func bytes(of member: TarReader.Member) throws -> [UInt8] {
        guard member.size <= UInt64(SamplePart.image.sizeMax) else {
            throw ContentProblem(
                text: "its member \(member.name) has more than \(SamplePart.image.sizeMax) bytes")
        }
        return try file.read(offset: member.dataOffset, count: Int(member.size))
    }

    /// Nil where the sample lacks the member.
    private func bytes(_ part: SamplePart) throws -> [UInt8]? {
        guard location.has(part) else { return nil }
        let size = location.size(part)
        guard size <= part.sizeMax else {
            throw ContentProblem(text: "its \(part.name) member has more than \(part.sizeMax) bytes")
        }
        let offset = location.dataOffset(part)
        let bytes: [UInt8]
        do {
            bytes = try file.read(offset: offset, count: Int(size))
        } catch DataError.file(let path, let problem) {
            throw DataError.shard(path: path, offset: offset, problem: problem)
        }
        guard let expected = checksums?[part.rawValue], CRC32C.checksum(bytes) != expected else { return bytes }
        // A copy in the cache may have gone bad; what comes fresh and is wrong has been changed at its source. That is
        // no property of the sample: another machine may still have the right bytes, so it is never a reason to skip.
        file.forget(offset: offset, count: Int(size))
        let fresh = try file.read(offset: offset, count: Int(size))
        guard CRC32C.checksum(fresh) == expected else {
            throw DataError.shard(
                path: file.path, offset: offset,
                problem: "the \(part.name) member there has changed since the shard was indexed; "
                    + "bring the shard back, or run 'maws data index' again")
        }
        return fresh
    }

    /// What the `.json` member says, else what the caption does.
    private func hashtags(_ sidecar: Sidecar?, caption: String?) throws -> [String] {
        let said = sidecar?.hashtags.tags
        return SampleHashtags.of(said: said, caption: said == nil ? try caption ?? self.caption(sidecar) : nil)
    }

    /// From the `.txt` member, or from the field `caption` of the `.json` member where there is none.
    private func caption(_ sidecar: Sidecar?) throws -> String? {
        guard let bytes = try bytes(.caption) else {
            return sidecar?.caption
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ContentProblem(text: "its .txt member is not UTF-8 text")
        }
        return text.withoutByteOrderMark
    }

    /// What is no JSON is the sample's problem.
    private func sidecar() throws -> Sidecar? {
        guard let json = try bytes(.hashtags) else { return nil }
        do throws(Sidecar.Problem) {
            return try Sidecar(json)
        } catch {
            throw ContentProblem(text: "its .json member \(error.text)")
        }
    }

    private func classIndex() throws -> Int? { try bytes(.classIndex).map(Self.classIndex) }

    /// What a `.cls` member says.
    static func classIndex(_ bytes: [UInt8]) throws -> Int {
        let text = String(decoding: bytes, as: UTF8.self).withoutByteOrderMark
        let number = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let index = Int(number), (0..<ClassNumbers.numberMax).contains(index) else {
            let found = number.isEmpty ? "is empty" : "says '\(number.prefix(20))'"
            throw ContentProblem(
                text: "its .cls member \(found), where one whole number from 0 to \(ClassNumbers.numberMax - 1) belongs"
            )
        }
        return index
    }
}
