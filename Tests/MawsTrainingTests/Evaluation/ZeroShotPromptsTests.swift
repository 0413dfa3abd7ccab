import Foundation
import MawsDataFiles
import MawsTraining
import Testing

@Suite struct ZeroShotPromptsTests {
    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).txt").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func everyTemplateTakesEveryNameOfAClass() throws {
        let prompts = try ZeroShotPrompts(
            templates: try file("a photo of a {}.\n\nmy {}, a {}\n"), classes: try file("t-shirt, top\nboot\n"))
        #expect(prompts.classes == [["t-shirt", "top"], ["boot"]])
        #expect(
            prompts.prompts(of: 0) == [
                "a photo of a t-shirt.", "my t-shirt, a t-shirt", "a photo of a top.", "my top, a top",
            ])
    }

    @Test func wrongFileIsNamedWithTheLine() throws {
        let (templates, classes) = (try file("a {}\nno place\n"), try file("boot\n , \n"))
        let noPlace = DataError.line(
            file: templates, line: 2, problem: "expected a template with {} where a class's name goes")
        #expect(throws: noPlace) { try ZeroShotPrompts(templates: templates, classes: classes) }
        let noName = DataError.line(
            file: classes, line: 2, problem: "expected the names of a class, separated by commas")
        #expect(throws: noName) { try ZeroShotPrompts(templates: try file("{}"), classes: classes) }
        #expect(throws: DataError.system(action: "open", path: "/nowhere", code: ENOENT)) {
            try ZeroShotPrompts(templates: "/nowhere", classes: classes)
        }
        let empty = try file(" \n")
        #expect(throws: DataError.file(path: empty, problem: "is empty")) {
            try ZeroShotPrompts(templates: empty, classes: classes)
        }
        let latin = try file("")
        try Data([0x7B, 0x7D, 0xE9, 0x0A]).write(to: URL(fileURLWithPath: latin))
        #expect(throws: DataError.file(path: latin, problem: "is not UTF-8 text")) {
            try ZeroShotPrompts(templates: latin, classes: classes)
        }
    }
}
