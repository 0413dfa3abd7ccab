/// What the `.json` beside an image says of it: hashtags as an array of strings, or an object with fields such as
/// img2dataset's, of which `hashtags` and `caption` count and the others are carried along.
package struct Sidecar {
    /// Continues a sentence that begins with the member or the file.
    package struct Problem: Error {
        package var text: String
    }

    private let document: JSONValue

    package init(_ json: [UInt8]) throws(Problem) {
        do throws(JSONFault) {
            document = try JSONValue(json)
        } catch {
            throw Problem(text: "is no JSON: \(error.problem)")
        }
    }

    /// What it says of hashtags: nothing where it has none of them, so that the caption does. An empty array says none.
    var hashtags: SaidHashtags {
        switch document {
        case .object: document["hashtags"].map(Self.hashtags) ?? SaidHashtags()
        case .bool,
            .number where !document.isMissing:
            SaidHashtags(remarks: [SaidHashtags.ignored("\(document.plainKind) for its .json")])
        default: Self.hashtags(document)
        }
    }

    /// Nil where it says nothing.
    package var caption: String? {
        guard case .string(let text)? = document["caption"] else { return nil }
        return text
    }

    /// What is to be counted of a sample whose caption is this one's; see `SaidHashtags.remarks`.
    package var captionRemarks: [String] {
        guard let field = document["caption"], !field.isMissing, caption == nil else { return [] }
        return [SaidHashtags.ignored("\(field.plainKind) in the field caption of its .json")]
    }

    /// Why img2dataset has no image of it; nil where it says nothing of the kind.
    package var failure: String? {
        guard case .string(let status)? = document["status"], status != "success" else { return nil }
        guard case .string(let message)? = document["error_message"] else { return status }
        return "\(status): \(message.prefix(100))"
    }

    /// Hashtags of an array of strings or of a text such as `#dog #beach`; what is none is skipped.
    static func hashtags(_ value: JSONValue) -> SaidHashtags {
        switch value {
        case .string(let text):
            return HashtagList.said(text)
                ?? SaidHashtags(remarks: [SaidHashtags.ignored("a text of hashtags that is no list of quoted texts")])
        case .array(let values):
            var said = SaidHashtags(tags: [])
            for value in values {
                if case .string(let tag) = value {
                    said.take(tag)
                } else {
                    said.remark("\(value.plainKind) among its hashtags")
                }
            }
            return said
        case _ where value.isMissing: return SaidHashtags()
        default: return SaidHashtags(remarks: [SaidHashtags.ignored("\(value.plainKind) as its hashtags")])
        }
    }

    /// The same document with these hashtags in place of its own.
    /// - Parameter json: nil where there was none.
    package static func replacingHashtags(_ json: [UInt8]?, with hashtags: [String]) -> [UInt8] {
        let tags = JSONValue.array(hashtags.map(JSONValue.string))
        guard let json, case .object(let members) = try? JSONValue(json) else { return Array(tags.text.utf8) }
        let others = members.filter { $0.key != "hashtags" }
        return Array(JSONValue.object(others + [JSONValue.Member(key: "hashtags", value: tags)]).text.utf8)
    }
}
