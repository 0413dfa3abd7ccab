import Foundation

/// The sentences that stand for each class: every template filled with every name of the class.
public struct ZeroShotPrompts: Sendable {
    /// One a line, `{}` where the name goes.
    public let templates: [String]
    /// Names of each class; the first is the one shown.
    public let classes: [[String]]

    /// - Parameters:
    ///   - templates: path of a file with one template a line.
    ///   - classes: path of a file with one class a line, its names separated by commas.
    public init(templates: String, classes: String) throws {
        self.templates = try Self.lines(templates).map { line in
            guard line.text.contains("{}") else {
                throw ZeroShotError.templateWithoutPlace(path: templates, line: line.number)
            }
            return line.text
        }
        self.classes = try Self.lines(classes).map { line in
            let names = line.text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                .filter { !$0.isEmpty }
            guard !names.isEmpty else { throw ZeroShotError.classWithoutName(path: classes, line: line.number) }
            return names
        }
    }

    /// All prompts of a class, name by name.
    public func prompts(of index: Int) -> [String] {
        classes[index].flatMap { name in templates.map { $0.replacingOccurrences(of: "{}", with: name) } }
    }

    /// Lines that are not blank, with their numbers from 1.
    private static func lines(_ path: String) throws -> [(number: Int, text: String)] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ZeroShotError.unreadable(path: path)
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { (number: $0 + 1, text: $1.trimmingCharacters(in: .whitespacesAndNewlines)) }
            .filter { !$0.text.isEmpty }
        if lines.isEmpty { throw ZeroShotError.empty(path: path) }
        return lines
    }
}

public enum ZeroShotError: Error, CustomStringConvertible, Equatable {
    case unreadable(path: String)
    case empty(path: String)
    case templateWithoutPlace(path: String, line: Int)
    case classWithoutName(path: String, line: Int)

    public var description: String {
        switch self {
        case .unreadable(let path): "cannot read \(path) as UTF-8 text; check the zeroshot stage's paths"
        case .empty(let path): "\(path) has no lines; the zeroshot stage needs at least one"
        case .templateWithoutPlace(let path, let line):
            "\(path), line \(line): the template has no {} to stand for the class name"
        case .classWithoutName(let path, let line):
            "\(path), line \(line): the class has no name; write its names separated by commas"
        }
    }
}
