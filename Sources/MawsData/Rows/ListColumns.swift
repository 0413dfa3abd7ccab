import MawsPlan

/// What a column of a list is for.
enum ListRole: String, CaseIterable, Sendable {
    case image
    case caption
    case hashtags
    case className = "class"

    /// What else usual tools call it: open_clip (`filepath`, `title`), Hugging Face (`file_name`, `text`) and others.
    var otherNames: [String] {
        switch self {
        case .image:
            [
                "filepath", "file_path", "filename", "file_name", "file", "path", "image_path", "image_file", "img",
                "img_path",
            ]
        case .caption: ["captions", "title", "text"]
        case .hashtags: ["hashtag", "tags"]
        case .className: ["label", "class_name"]
        }
    }

    /// Names in lower case.
    fileprivate static let byName = Dictionary(
        uniqueKeysWithValues: allCases.flatMap { role in ([role.rawValue] + role.otherNames).map { ($0, role) } })

    /// What a column of this name is for; nil for others.
    init?(column name: String) {
        guard let role = Self.byName[name] ?? Self.byName[name.lowercased().filter { $0 != " " }] else {
            return nil
        }
        self = role
    }
}

/// Which columns of a list are used, and for what.
struct ListColumns: Equatable, Sendable {
    /// Continues a sentence about the header or a row.
    struct Problem: Error {
        var text: String
    }

    private(set) var positions: [ListRole: Int] = [:]
    private let names: [String]

    /// - Parameter names: of all columns. A role has the column of its own name, else the one of another name.
    init(_ names: [String]) throws(Problem) {
        self.names = names
        let roles = names.map(ListRole.init(column:))
        for role in ListRole.allCases {
            let all = names.indices.filter { roles[$0] == role }
            if all.isEmpty { continue }
            let exact = all.filter { Self.isOwn(names[$0], role) }
            let found = exact.isEmpty ? all : exact
            guard found.count < 2 else {
                let both = found.map { "`\(names[$0])`" }.joined(separator: " and ")
                throw Problem(
                    text: exact.isEmpty
                        ? "\(both) may all be the \(role.rawValue); call one of them `\(role.rawValue)`"
                        : "the column `\(role.rawValue)` is there \(found.count) times")
            }
            positions[role] = found.first
        }
    }

    private static func isOwn(_ name: String, _ role: ListRole) -> Bool {
        name.lowercased().filter { $0 != " " } == role.rawValue
    }

    subscript(_ role: ListRole) -> Int? { positions[role] }

    /// What the column of a role is called.
    func name(_ role: ListRole) -> String { positions[role].map { names[$0] } ?? role.rawValue }

    /// Columns that nothing is read from.
    var unused: [String] {
        let used = Set(positions.values)
        return names.indices.filter { !used.contains($0) && !names[$0].isEmpty }.map { names[$0] }
    }

    /// `columns: image, caption from title; none for hashtags, class; not used: width`.
    static func sentence(used: [ListRole: String], unused: [String]) -> String {
        let read = ListRole.allCases.compactMap { role in
            used[role].map { isOwn($0, role) ? role.rawValue : "\(role.rawValue) from \($0)" }
        }
        let missing = ListRole.allCases.filter { used[$0] == nil }
        var sentence = "columns: " + read.joined(separator: ", ")
        if !missing.isEmpty { sentence += "; none for " + missing.map(\.rawValue).joined(separator: ", ") }
        guard !unused.isEmpty else { return sentence }
        sentence += "; not used: " + unused.map { described($0, missing) }.prefix(20).joined(separator: ", ")
        return unused.count > 20 ? "\(sentence) and \(unused.count - 20) more" : sentence
    }

    /// A column that is not used, and the role that its name may have been meant for.
    private static func described(_ name: String, _ missing: [ListRole]) -> String {
        let meant = nearestName(to: name, among: missing.map(\.rawValue))
        return meant.map { "\(name) (did you mean \($0)?)" } ?? name
    }
}
