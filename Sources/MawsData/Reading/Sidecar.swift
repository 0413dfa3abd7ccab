/// What the `.json` beside an image says of it: hashtags as an array of strings, or an object with fields such as
/// img2dataset's, of which `hashtags` and `caption` count and the others are carried along.
struct Sidecar {
    /// Continues a sentence that begins with the member or the file.
    struct Problem: Error {
        var text: String
    }

    private let document: JSONValue

    init(_ json: [UInt8]) throws(Problem) {
        do throws(JSONFault) {
            document = try JSONValue(json)
        } catch {
            throw Problem(text: "is no JSON: \(error.problem)")
        }
        switch document {
        case .bool,
            .number where !document.isMissing:
            throw Problem(text: "is \(document.kind), where hashtags or an object with fields belong")
        default: break
        }
    }

    /// As they are written; nil where it says nothing of hashtags, for then the caption does. An empty array says none.
    func hashtags() throws(Problem) -> [String]? {
        let value: JSONValue
        if case .object = document {
            guard let field = document["hashtags"] else { return nil }
            value = field
        } else {
            value = document
        }
        return try Self.hashtags(value)
    }

    /// Nil where it says nothing.
    func caption() throws(Problem) -> String? {
        guard let field = document["caption"], !field.isMissing else { return nil }
        guard case .string(let text) = field else {
            throw Problem(text: "has \(field.kind) in its field caption, where a string belongs")
        }
        return text
    }

    /// Why img2dataset has no image of it; nil where it says nothing of the kind.
    var failure: String? {
        guard case .string(let status)? = document["status"], status != "success" else { return nil }
        guard case .string(let message)? = document["error_message"] else { return status }
        return "\(status): \(message.prefix(100))"
    }

    /// Hashtags of an array of strings or of a text such as `#dog #beach`.
    static func hashtags(_ value: JSONValue) throws(Problem) -> [String]? {
        switch value {
        case .string(let text):
            guard let tags = HashtagList.tags(text) else {
                throw Problem(text: "has hashtags that are no list of quoted texts: \(text.prefix(40))")
            }
            return tags
        case .array(let values):
            var tags: [String] = []
            for value in values {
                guard case .string(let tag) = value else {
                    throw Problem(text: "has \(value.kind) among its hashtags, where strings belong")
                }
                tags.append(tag)
            }
            return tags
        case _ where value.isMissing: return nil
        default: throw Problem(text: "has \(value.kind) as its hashtags, where an array of strings belongs")
        }
    }

    /// The same document with these hashtags in place of its own.
    /// - Parameter json: nil where there was none.
    static func replacingHashtags(_ json: [UInt8]?, with hashtags: [String]) -> [UInt8] {
        let tags = JSONValue.array(hashtags.map(JSONValue.string))
        guard let json, case .object(let members) = try? JSONValue(json) else { return Array(tags.text.utf8) }
        let others = members.filter { $0.key != "hashtags" }
        return Array(JSONValue.object(others + [JSONValue.Member(key: "hashtags", value: tags)]).text.utf8)
    }
}
