import Foundation

/// Why the content of a sample cannot be used; the sample may be skipped.
struct ContentProblem: Error {
    var text: String
}

/// Reads and parses the members of one sample.
struct SampleReader {
    private static let classCountMax = 1_000_000

    let file: InputFile
    let location: SampleLocation

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
        return try file.read(offset: location.dataOffset(part), count: Int(size))
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
        return tags?.map(CaptionText.normalizedHashtag).filter { !$0.isEmpty }
    }

    private func classIndex() throws -> Int? {
        guard let bytes = try bytes(.classIndex) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let index = Int(text), (0..<Self.classCountMax).contains(index) else {
            throw ContentProblem(text: "its .cls member is no whole number below \(Self.classCountMax)")
        }
        return index
    }
}
