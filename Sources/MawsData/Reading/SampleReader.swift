import Foundation
import MawsBase

/// Why the content of a sample cannot be used; the sample may be skipped.
struct ContentProblem: Error {
    var text: String
}

/// Reads and parses the members of one sample.
struct SampleReader {
    let file: any ByteSource
    let location: SampleLocation
    /// CRC-32C of the parts; nil where they are unknown.
    let checksums: SIMD4<UInt32>?

    /// Throws `ContentProblem` for content that cannot be used, `DataError` for a disk that fails.
    /// - Parameter required: parts without which the sample cannot be used.
    func read(_ parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        for part in SamplePart.allCases where required.contains(part) && !location.has(part) {
            throw ContentProblem(text: "it has no \(part.names) member")
        }
        var sample = Sample(name: "", image: [], caption: nil, hashtags: [], classIndex: nil)
        if parts.contains(.image) { sample.image = try bytes(.image) ?? [] }
        if parts.contains(.caption) { sample.caption = try caption() }
        if parts.contains(.hashtags) { sample.hashtags = try hashtags() }
        if parts.contains(.classIndex) { sample.classIndex = try classIndex() }
        return sample
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

    private func caption() throws -> String? {
        guard let bytes = try bytes(.caption) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ContentProblem(text: "its .txt member is not UTF-8 text")
        }
        return text.withoutByteOrderMark
    }

    /// From the `.json` member, or from the caption where there is none.
    private func hashtags() throws -> [String] {
        guard let json = try bytes(.hashtags) else { return CaptionText.hashtags(in: try caption() ?? "") }
        guard let tags = Self.hashtags(json: json) else {
            throw ContentProblem(text: "its .json member is no array of strings")
        }
        return tags
    }

    /// Hashtags of an array of strings, or of the field `hashtags` of an object; nil for anything else.
    static func hashtags(json: [UInt8]) -> [String]? {
        guard let value = try? JSONSerialization.jsonObject(with: Data(json)) else { return nil }
        var tags: [String]?
        if let object = value as? [String: Any] {
            tags = object["hashtags"].map { $0 as? [String] } ?? []
        } else {
            tags = value as? [String]
        }
        return tags?.map(HashtagText.normalized).filter { !$0.isEmpty }
    }

    private func classIndex() throws -> Int? {
        guard let bytes = try bytes(.classIndex) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let index = Int(text), (0..<ClassNumbers.numberMax).contains(index) else {
            throw ContentProblem(text: "its .cls member is no whole number below \(ClassNumbers.numberMax)")
        }
        return index
    }
}
