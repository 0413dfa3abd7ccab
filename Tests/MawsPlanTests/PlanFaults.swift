extension PlanErrorTests.Fault {
    /// Values of the wrong type or outside their range.
    static let values: [Self] = [
        Self("seed: 7", "seed: seven", "plan.yaml:2: seed: expected a whole number of at least 0, found `seven`."),
        Self(
            "lit: {image: wsp,", "lit: {fixed_views: 0, image: wsp,",
            "plan.yaml:18: stages.lit.fixed_views: expected a whole number from 1 to 1000000, found `0`."),
        Self("seed: 7", "seed: -1", "plan.yaml:2: seed: expected a whole number of at least 0, found `-1`."),
        Self("seed: 7", "seed: [7]", "plan.yaml:2: seed: expected a whole number of at least 0, found a list."),
        Self("seed: 7", "seed:", "plan.yaml:2: seed: expected a whole number of at least 0, found nothing."),
        Self("run: runs/small", "run: {}", "plan.yaml:1: run: expected a folder, found a map."),
        Self("run: runs/small", "run: ''", "plan.yaml:1: run: expected a folder, found an empty text."),
        Self(
            "seed: 7", "precision: bf17",
            "plan.yaml:2: precision: expected `fp32` or `bf16`, found `bf17`."),
        Self(
            "seed: 7", "wire: {push: int7}",
            "plan.yaml:2: wire.push: expected `fp32` or `fp32-zstd`, found `int7`."),
        Self(
            "seed: 7", "checkpoint: {every: 5}",
            "plan.yaml:2: checkpoint.every: expected a duration above zero such as `30s`, `5m` or `2h`, found `5`."),
        Self(
            "seed: 7", "cluster: remote",
            "plan.yaml:2: cluster: expected `local`, or a map of `servers` and others, found `remote`."),
        Self(
            "seed: 7", "cluster: {servers: 0}",
            "plan.yaml:2: cluster.servers: expected a whole number from 1 to 65535, found `0`."),
        Self(
            "seed: 7", "cluster: {listen: here}",
            "plan.yaml:2: cluster.listen: expected an address such as `0.0.0.0:7070` or `[::1]:7070`, port 0 for any "
                + "free one, found `here`."),
        Self(
            "seed: 7", "cluster: {listen: '::1:7070'}",
            "plan.yaml:2: cluster.listen: expected an address such as `0.0.0.0:7070` or `[::1]:7070`, port 0 for any "
                + "free one, found `::1:7070`."),
        Self(
            "seed: 7", "cluster: {servers: 2, trainers: 3}",
            "plan.yaml:2: cluster.trainers: this holds for a local cluster only (`local: true`); of a remote one any "
                + "number of trainers may come and go, each with what its own command line says."),
        Self(
            "epochs: 2", "warmup: 2",
            "plan.yaml:15: stages.mae.warmup: expected a share of the steps from 0 to 1, found `2`."),
        Self(
            "epochs: 2", "epochs: 0",
            "plan.yaml:15: stages.mae.epochs: expected a number above 0 and up to 1000000, found `0`."),
        Self(
            "epochs: 2", "epochs: 1e300",
            "plan.yaml:15: stages.mae.epochs: expected a number above 0 and up to 1000000, found `1e300`."),
        Self(
            "epochs: 2", "epochs: 2, learning_rate: 1e300",
            "plan.yaml:15: stages.mae.learning_rate: expected a number above 0, in the range of fp32, found `1e300`."),
        Self(
            "epochs: 2", "epochs: 2, learning_rate: 1e-300",
            "plan.yaml:15: stages.mae.learning_rate: expected a number above 0, in the range of fp32, found `1e-300`."),
        Self(
            "epochs: 2", "epochs: 2, augment: {crop: {ratio: [0.5, 1e300]}}",
            "plan.yaml:15: stages.mae.augment.crop.ratio: expected [lowest, highest] width over height, from 0.01 to "
                + "100, found [0.5, 1e+300]."),
        Self(
            "seed: 7", "checkpoint: {keep: 9223372036854775807}",
            "plan.yaml:2: checkpoint.keep: expected a whole number from 1 to 1000000, found `9223372036854775807`."),
        Self(
            "epochs: 2", "learning_rate: nan",
            "plan.yaml:15: stages.mae.learning_rate: expected a number above 0, found `nan`."),
        Self(
            "epochs: 2", "betas: [0.9]",
            "plan.yaml:15: stages.mae.betas: expected a list of two numbers of at least 0 and below 1, found [0.9]."),
        Self(
            "epochs: 2", "moments: fp16",
            "plan.yaml:15: stages.mae.moments: expected `fp32` or `bf16` or `int8`, found `fp16`."),
        Self(
            "from: mae,", "from: mae, weights: ema,",
            "plan.yaml:16: stages.wsp.weights: the stage `mae` keeps no average of its weights: it has no `ema`."),
        Self(
            "from: mae,", "from: mae, weights: mean,",
            "plan.yaml:16: stages.wsp.weights: expected `last` or `ema`, found `mean`."),
        Self(
            "linear: {from: wsp}", "linear: {from: wsp, weights: ema}",
            "plan.yaml:17: stages.linear.weights: the stage `wsp` keeps no average of its weights: it has no `ema`."),
        Self(
            "epochs: 2", "optimizer: sgd",
            "plan.yaml:15: stages.mae.optimizer: expected a map of `kind` and what that kind of optimizer has, found "
                + "`sgd`."),
        Self(
            "epochs: 2", "optimizer: {kind: lion}",
            "plan.yaml:15: stages.mae.optimizer.kind: expected `adamw` or `sgd`, found `lion`."),
        Self(
            "epochs: 2", "optimizer: {kind: sgd, momentum: 1}",
            "plan.yaml:15: stages.mae.optimizer.momentum: expected a number of at least 0 and below 1, found `1`."),
        Self(
            "epochs: 2", "optimizer: {kind: sgd, nesterov: true}",
            "plan.yaml:15: stages.mae.optimizer.nesterov: Nesterov's momentum needs a `momentum` above 0."),
        Self(
            "epochs: 2", "optimizer: {kind: sgd, betas: [0.9, 0.99]}",
            "plan.yaml:15: stages.mae.optimizer.betas: `betas` belongs to the optimizer adamw, and this stage has "
                + "sgd."),
        Self(
            "epochs: 2", "epsilon: 1e-6, optimizer: {kind: sgd}",
            "plan.yaml:15: stages.mae.epsilon: `epsilon` belongs to the optimizer adamw, and this stage has sgd."),
        Self(
            "epochs: 2", "optimizer: {momentum: 0.9}",
            "plan.yaml:15: stages.mae.optimizer.momentum: `momentum` belongs to the optimizer sgd, and this stage has "
                + "adamw."),
        Self(
            "epochs: 2", "weight_decay: 0.1, optimizer: {weight_decay: 0.2}",
            "plan.yaml:15: stages.mae.optimizer.weight_decay: the stage has a field `weight_decay` of its own too; say "
                + "it once."),
        Self(
            "epochs: 2", "moments: bf16, optimizer: {kind: sgd}",
            "plan.yaml:15: stages.mae.moments: sgd without a `momentum` keeps none."),
        Self(
            "epochs: 2", "ema: {decay: 1}",
            "plan.yaml:15: stages.mae.ema.decay: expected a number of at least 0 and below 1, found `1`."),
        Self(
            "epochs: 2", "ema: 0.999",
            "plan.yaml:15: stages.mae.ema: expected a map of `decay` and `warmup`, found `0.999`."),
        Self(
            "epochs: 2", "schedule: cosin",
            "plan.yaml:15: stages.mae.schedule: expected `cosine` or `linear` or `constant`, found `cosin`."),
        Self(
            "epochs: 2", "clip: 0",
            "plan.yaml:15: stages.mae.clip: expected a gradient norm above 0, or `none`, found `0`."),
        Self(
            "epochs: 2", "augment: {flip: yes}",
            "plan.yaml:15: stages.mae.augment.flip: expected `true` or `false`, found `yes`."),
        Self(
            "epochs: 2", "augment: {crop: {scale: [0.5, 0.2]}}",
            "plan.yaml:15: stages.mae.augment.crop.scale: expected [lowest, highest] share of the area, above 0 and up "
                + "to 1, found [0.5, 0.2]."),
        Self(
            "epochs: 2", "augment: paper/table9",
            "plan.yaml:15: stages.mae.augment: expected one of the presets `paper/table10`, `paper/table11`, "
                + "`paper/table12`, `paper/table13`, `paper/table14`, `paper/table15`, `paper/table16`, "
                + "`paper/table17`, or a map of fields, found `paper/table9`."),
        Self(
            "epochs: 2", "augment: {interpolation: cubic}",
            "plan.yaml:15: stages.mae.augment.interpolation: expected `bicubic` or `bilinear`, found `cubic`."),
        Self(
            "epochs: 2", "augment: {rand_augment: {magnitude: 31}}",
            "plan.yaml:15: stages.mae.augment.rand_augment.magnitude: expected a whole number from 0 to 30, found `31`."
        ),
        Self(
            "epochs: 2", "augment: {erase: {probability: 0}}",
            "plan.yaml:15: stages.mae.augment.erase.probability: expected a share of the images, above 0 and up to 1, "
                + "found `0`."),
        Self(
            "from: mae, batch", "from: mae, augment: {mixup: 0}, batch",
            "plan.yaml:16: stages.wsp.augment.mixup: expected a parameter of the Beta distribution above 0 and up to "
                + "10, or `none`, found `0`."),
        Self(
            "epochs: 2", "augment: {mixup: 0.8}",
            "plan.yaml:15: stages.mae.augment: `mixup` and `cutmix` mix labels, which a mae stage does not learn from; "
                + "set them to `none`."),
        Self(
            "epochs: 2", "augment: {center_crop: true, crop: {}}",
            "plan.yaml:15: stages.mae.augment.center_crop: an image is cropped in its centre or at random (`crop`), "
                + "not both."),
        Self(
            "epochs: 2", "augment: {center_crop: true, short_side: 20}",
            "plan.yaml:15: stages.mae.augment.short_side: a short side of 20 has no central crop of 28, the size of "
                + "the model's images."),
        Self(
            "epochs: 2", "augment: {crop: none, short_side: 32}",
            "plan.yaml:15: stages.mae.augment.short_side: without a crop the image is resized as a whole; leave "
                + "this out, or set `center_crop: true`."),
        Self(
            "linear: {from: wsp}", "linear: {from: wsp, eval_crop: {flip: true}}",
            "plan.yaml:17: stages.linear.eval_crop.flip: there is no such field; the fields here are `short_side`, "
                + "`center_crop` and `interpolation`."),
        Self(
            "epochs: 2", "recipe: paper/wsp",
            "plan.yaml:15: stages.mae.recipe: expected a recipe for mae stages (paper/mae), found `paper/wsp`."),
        Self(
            "epochs: 2", "mask_ratio: 1",
            "plan.yaml:15: stages.mae.mask_ratio: expected a share above 0 and below 1, found `1`."),
        Self(
            "data/train-{00..01}.tar", "data/train-{00-01}.tar",
            "plan.yaml:5: data.train.shards: expected a tar file, a pattern such as "
                + "`data/train-{0000..0011}.tar` or `data/train-*.tar`, or a list of them, "
                + "found `data/train-{00-01}.tar`."
        ),
        Self(
            "data/train-{00..01}.tar", "data/train-{01..00}.tar",
            "plan.yaml:5: data.train.shards: expected a brace pattern that counts up, found "
                + "`data/train-{01..00}.tar`."),
        Self(
            "data/train-{00..01}.tar", "data/train-{0..9999999}.tar",
            "plan.yaml:5: data.train.shards: expected a brace pattern of at most 1000000 names, found "
                + "`data/train-{0..9999999}.tar`."),
    ]

    /// Fields that are not there, misspelt or missing.
    static let names: [Self] = [
        Self("seed: 7", "sede: 7", "plan.yaml:2: sede: there is no such field; did you mean `seed`?"),
        Self(
            "seed: 7", "checkpoint: {often: yes}",
            "plan.yaml:2: checkpoint.often: there is no such field; the fields here are `every`, `steps` and `keep`."),
        Self(
            "from: mae, batch: 64", "from: mae, btach: 64",
            "plan.yaml:16: stages.wsp.btach: there is no such field; did you mean `batch`?"),
        Self(
            "from: mae, batch: 64", "from: mae, mask_ratio: 0.5, batch: 64",
            "plan.yaml:16: stages.wsp.mask_ratio: a wsp stage has no such field; it belongs to `mae` stages."),
        Self(
            "  - linear", "  - liner", "plan.yaml:17: stages[2].liner: there is no such field; did you mean `linear`?"),
        Self(
            "run: runs/small\n", "",
            "plan.yaml:1: run: this field is missing; expected the folder of the run, "
                + "`runs/first` for instance."),
        Self(
            "    shards: data/train-{00..01}.tar\n", "",
            "plan.yaml:4: data.train.shards: this field is missing; expected a tar file, a brace pattern, or a list of "
                + "them."),
        Self(
            "    vocabulary: data/vocabulary.tsv\n", "",
            "plan.yaml:4: data.train.vocabulary: this field is missing; expected a file with one hashtag a line, for "
                + "the wsp stage `wsp`; `maws data pack` writes it next to the shards."),
        Self(
            "    tokenizer: data/tokenizer.model\n", "",
            "plan.yaml:4: data.train.tokenizer: this field is missing; expected a SentencePiece model for the "
                + "captions, for the lit stage `lit`; `maws data tokenizer` trains one."),
        Self(
            "templates: data/templates.txt, ", "",
            "plan.yaml:19: stages.zeroshot.templates: this field is missing; expected a file with one prompt template "
                + "a line."),
        Self(
            "  - mae: {batch", "  - mae: {}\n    wsp: {batch",
            "plan.yaml:15: stages[0]: expected one kind of stage with its fields indented below it, found `mae`, `wsp`."
        ),
        Self(
            "  - mae: {batch", "  - mea\n  - mae: {batch",
            "plan.yaml:15: stages[0]: expected a stage such as `mae: {epochs: 2}`, of kind `mae`, `wsp`, `lit`, "
                + "`linear`, `zeroshot`, found `mea`."),
        Self(
            "  - linear: {from: wsp}", "  - linear: {from: wsp, name: a/b}",
            "plan.yaml:17: stages[2].linear.name: expected a name of letters, digits, `-` and `_`, found `a/b`."),
        Self(
            "  - linear: {from: wsp}", "  - linear: {from: wsp, name: mae}",
            "plan.yaml:17: stages[2].linear.name: there is already a stage named `mae` (line 15); give this one "
                + "another `name`."),
        Self(
            "  - linear: {from: wsp}", "  - wsp",
            "plan.yaml:17: stages[2]: there is already a stage named `wsp` (line 16); give this one another `name`."),
    ]

    /// Files, splits and stages that are not there.
    static let references: [Self] = [
        Self(
            "data/train-{00..01}.tar", "data/train-{00..02}.tar",
            "plan.yaml:5: data.train.shards: there is no file data/train-02.tar in ROOT; of the pattern's 3 files "
                + "2 are there, data/train-00.tar to data/train-01.tar; name these, or write * for the numbers."),
        Self(
            "data/test-00.tar", "/nowhere/test.tar",
            "plan.yaml:10: data.test.shards[0]: there is no file /nowhere/test.tar; `maws data pack` makes the shards "
                + "of a data set."),
        Self(
            "data/vocabulary.tsv", "data/labels.tsv",
            "plan.yaml:6: data.train.vocabulary: there is no file data/labels.tsv in ROOT; `maws data pack` writes it "
                + "next to the shards."),
        Self(
            "data/tokenizer.model", "data",
            "plan.yaml:7: data.train.tokenizer: the file data cannot be used: it is a folder."),
        Self(
            "data/tokenizer.model", "data/no.model",
            "plan.yaml:7: data.train.tokenizer: there is no file data/no.model in ROOT; `maws data tokenizer` trains "
                + "one on the captions of the shards."),
        Self(
            "classes: data/classes.txt", "classes: data/names.txt",
            "plan.yaml:19: stages.zeroshot.classes: there is no file data/names.txt in ROOT; write one, with the names "
                + "of a class in each line, separated by commas."),
        Self(
            "templates: data/templates.txt", "templates: data/prompts.txt",
            "plan.yaml:19: stages.zeroshot.templates: there is no file data/prompts.txt in ROOT; write one, with lines "
                + "such as `a photo of a {}.`."),
        Self(
            "linear: {from: wsp}", "linear: {from: wsp, on: tests}",
            "plan.yaml:17: stages.linear.on: there is no split `tests` in `data`; did you mean `test`?"),
        Self(
            "linear: {from: wsp}", "linear: {from: wsp, train_split: validation}",
            "plan.yaml:17: stages.linear.train_split: there is no split `validation` in `data`; it has `train`, `test`."
        ),
        Self(
            "from: mae", "from: mea",
            "plan.yaml:16: stages.wsp.from: there is no earlier stage `mea`; did you mean `mae`?"),
        Self(
            "from: mae", "from: lit",
            "plan.yaml:16: stages.wsp.from: the stage `lit` comes later in the list; expected an earlier one."),
        Self("from: mae", "from: wsp", "plan.yaml:16: stages.wsp.from: a stage cannot start from itself."),
        Self(
            "image: wsp, batch", "image: linear, batch",
            "plan.yaml:18: stages.lit.image: `linear` is a linear stage; expected one of kind wsp or mae."),
        Self(
            "  - lit: {image: wsp, batch: 64, unit: 16}\n", "",
            "plan.yaml:18: stages.zeroshot.from: this field is missing; expected an earlier stage of kind lit."),
        Self(
            "  text: {width: 16, depth: 1, heads: 2, context: 8, embedding: 16}\n", "",
            "plan.yaml:17: stages.lit: a lit stage trains a text tower, and the plan has none; name one in "
                + "`model.text`, `text: xlmr_base` for instance."),
    ]

    /// Sizes that do not fit together.
    static let sizes: [Self] = [
        Self(
            "mae: {batch: 64, unit: 16", "mae: {batch: 60, unit: 16",
            "plan.yaml:15: stages.mae.batch: a batch of 60 is not a whole number of units of 16 (`unit`)."),
        Self(
            "epochs: 2", "micro_batch: 5",
            "plan.yaml:15: stages.mae.micro_batch: a unit of 16 is not a whole number of micro-batches of 5 "
                + "(`micro_batch`)."),
        Self(
            "mae: {batch: 64, unit: 16", "mae: {unit: 48",
            "plan.yaml:15: stages.mae.unit: a batch of 4096 is not a whole number of units of 48 (`unit`)."),
        Self(
            "patch: 4", "patch: 5",
            "plan.yaml:12: model.image.size: 28 is not a multiple of `patch`, which is 5."),
        Self(
            "width: 32, depth: 2, heads: 4", "width: 32, depth: 2, heads: 5",
            "plan.yaml:12: model.image.width: 32 is not a multiple of `heads`, which is 5."),
        Self(
            "width: 32, depth: 2, heads: 4", "width: 30, depth: 2, heads: 3",
            "plan.yaml:12: model.image.width: 30 is not a multiple of 4, which the sine-cosine positions need."),
        Self(
            "channels: 1", "channels: 2",
            "plan.yaml:12: model.image.channels: expected 1 (grey) or 3 (colour), found `2`."),
        Self(
            "channels: 1", "mean: [0.5]",
            "plan.yaml:12: model.image.mean: expected a list of 3 numbers from 0 to 1, white being 1 (of "
                + "pixels up to 255, divide by 255), found [0.5]."),
        Self(
            "channels: 1", "mean: [123.7, 116.3, 103.5]",
            "plan.yaml:12: model.image.mean: expected a list of 3 numbers from 0 to 1, white being 1 (of pixels up to "
                + "255, divide by 255), found [123.7, 116.3, 103.5]."),
        Self(
            "channels: 1", "channels: 1, std: [0]",
            "plan.yaml:12: model.image.std: expected a list of one number above 0 and at most 1, white "
                + "being 1 (of pixels up to 255, divide by 255), found [0]."),
        Self(
            "epochs: 2", "epochs: 2, steps: 5",
            "plan.yaml:15: stages.mae.steps: `steps: 5` and `epochs: 2` both say how long the stage is; leave one of "
                + "them out."),
        Self(
            "seed: 7", "seed: 010",
            "plan.yaml:2: seed: expected a whole number without zeros in front, for some read it as octal, found `010`."
        ),
        Self(
            "seed: 7", "checkpoint: {every: 99999999999999999999d}",
            "plan.yaml:2: checkpoint.every: expected a duration of at most 36500d, a hundred years, found "
                + "`99999999999999999999d`."),
        Self(
            "{size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}", "vit_b17",
            "plan.yaml:12: model.image: expected a preset such as `vit_b16`, found `vit_b17`."),
        Self(
            "{size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}", "resnet50",
            "plan.yaml:12: model.image: expected one of the presets `vit_ti16`, `vit_s16`, `vit_b16`, `vit_l16`, "
                + "`vit_h14`, `vit_2b14`, `vit_6.5b14`, or a map of sizes, found `resnet50`."),
        Self(
            "width: 16, depth: 1, heads: 2, context: 8", "width: 16, depth: 1, heads: 3, context: 8",
            "plan.yaml:13: model.text.width: 16 is not a multiple of `heads`, which is 3."),
        Self(
            "context: 8", "vocabulary: 100",
            "plan.yaml:13: model.text.vocabulary: 100 is less than the 123 tokens of the tokenizer; leave it out to "
                + "take the tokenizer's."),
        Self(
            "decoder: {width: 16, depth: 1, heads: 2}", "decoder: {width: 16, heads: 3}",
            "plan.yaml:15: stages.mae.decoder.width: 16 is not a multiple of `heads`, which is 3."),
        Self(
            "decoder: {width: 16, depth: 1, heads: 2}", "decoder: {width: 16, heads: 2, micro_batch: 3}",
            "plan.yaml:15: stages.mae.decoder.micro_batch: the 16 images that the encoder computes at a time are not a "
                + "whole number of micro-batches of 3."),
        Self(
            "decoder: {width: 16, depth: 1, heads: 2}", "decoder: {width: 18, heads: 3}",
            "plan.yaml:15: stages.mae.decoder.width: 18 is not a multiple of 4, which the sine-cosine positions need."),
        Self(
            "epochs: 2", "mask_ratio: 0.999",
            "plan.yaml:15: stages.mae.mask_ratio: 0.999 of the 49 patches of an image leaves none visible."),
        Self(
            "from: mae, batch", "from: mae, labels: 4, batch",
            "plan.yaml:16: stages.wsp.labels: 4 labels are not the 3 of the vocabulary file data/vocabulary.tsv; leave "
                + "the field out to take those."),
        Self(
            "    tokenizer: data/tokenizer.model\n", "    tokenizer: data/tokenizer.model\n    label_min_count: 9\n",
            "plan.yaml:6: data.train.vocabulary: the file data/vocabulary.tsv cannot be used: it has no label with at "
                + "least 9 samples."),
        Self(
            "data/tokenizer.model\n", "data/tokenizer.model\n    resample: {}\n",
            "plan.yaml:8: data.train.resample.samples: this field is missing; expected the number of samples of an "
                + "epoch, at least those of the split."),
        Self(
            "      - data/test-00.tar\n", "      - data/test-00.tar\n    resample: {samples: 900}\n",
            "plan.yaml:8: data.test.vocabulary: this field is missing; expected the file of the labels whose counts "
                + "`resample` goes by; `maws data labels` writes it."),
        Self(
            "      - data/test-00.tar\n", "      - data/test-00.tar\n    exclude: data/none.txt\n",
            "plan.yaml:11: data.test.exclude: there is no file data/none.txt in ROOT; `maws data dedupe` writes it."),
    ]
}
