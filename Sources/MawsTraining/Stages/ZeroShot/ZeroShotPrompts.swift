import Foundation
import MawsData

/// The sentences that stand for each class: every template filled with every name of the class.
package struct ZeroShotPrompts: Sendable {
    package let templates: [String]
    /// Names of each class; the first is the one shown.
    package let classes: [[String]]

    /// - Parameters:
    ///   - templates: path of a file with one template a line.
    ///   - classes: path of a file with one class a line.
    /// - Throws: `DataError` with the file and its line.
    package init(templates: String, classes: String) throws {
        self.templates = try SplitFiles.templates(path: templates)
        self.classes = try SplitFiles.classes(path: classes)
    }

    /// All prompts of a class, name by name.
    package func prompts(of index: Int) -> [String] {
        classes[index].flatMap { name in templates.map { $0.replacingOccurrences(of: "{}", with: name) } }
    }
}
