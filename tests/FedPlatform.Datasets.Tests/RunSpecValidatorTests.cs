using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Datasets.Tests;

public class RunSpecValidatorTests
{
    private static readonly DatasetCatalogue Catalogue = new([], []);
    private static readonly DatasetInfo Digits = Catalogue.Labels("digits").Info;

    private static RunSpec Good { get; } = new() { Dataset = "digits" };

    private static DatasetInfo Cifar100 { get; } = Digits with
    {
        Key = "cifar100",
        ClassNames = [.. Enumerable.Range(0, 100).Select(c => $"class {c}")],
        TrainCounts = [.. Enumerable.Repeat(500, 100)],
        TestCounts = [.. Enumerable.Repeat(100, 100)],
        Shape = new ImageShape(3, 32, 32),
    };

    public static TheoryData<string, string, string?, string> Bounds => new()
    {
        // The spec as JSON fields, then field, value and a part of the message with the bound.
        { "\"name\": \" \"", "name", " ", "must not be empty" },
        { "\"name\": \"a\\nb\"", "name", "a\nb", "one line" },
        { "\"dataset\": \"imagenet\"", "dataset", "imagenet", "must be one of digits, fashion-mnist, cifar10, cifar100, got imagenet." },
        { "\"dataset\": \"\"", "dataset", "", "must be one of digits, fashion-mnist, cifar10, cifar100, got nothing." },
        { "\"model\": \"vgg\"", "model", "vgg", "must be one of cnn, resnet8, resnet20, resnet18, resnet34, got vgg." },
        { "\"device\": \"gpu\"", "device", "gpu", "must be cpu or cuda:N with N from 0 to 63, got gpu." },
        { "\"device\": \"cuda:64\"", "device", "cuda:64", "cuda:N" },
        { "\"device\": \"cuda:0\\n\"", "device", "cuda:0\n", "cuda:N" },
        { "\"longTail\": { \"imbalanceFactor\": 0.99 }", "longTail.imbalanceFactor", "0.99", "must be a finite number of at least 1, got 0.99." },
        { "\"longTail\": { \"imbalanceFactor\": 125 }", "longTail.imbalanceFactor", "125", "must be at most 124 for digits" },
        { "\"partition\": { \"alpha\": 0 }", "partition.alpha", "0", "must be a finite number above 0, got 0." },
        { "\"partition\": { \"alpha\": -1 }", "partition.alpha", "-1", "must be a finite number above 0, got -1." },
        { "\"partition\": { \"alpha\": 1e999 }", "partition.alpha", "Infinity", "must be a finite number above 0" },
        { "\"partition\": { \"kind\": \"shards\" }", "partition.kind", "shards", "must be one of dirichlet, iid" },
        { "\"partition\": { \"clients\": 0 }", "partition.clients", "0", "must be between 1 and 100000, got 0." },
        { "\"partition\": { \"clients\": 1298 }", "partition.clients", "1298", "must be at most 1297, the training samples" },
        { "\"partition\": { \"clients\": 418 }, \"longTail\": { \"imbalanceFactor\": 20 }", "partition.clients", "418", "must be at most 417, the training samples that an imbalance factor of 20 leaves of digits, got 418." },
        { "\"participation\": 0", "participation", "0", "must be above 0 and at most 1, so that every round selects at least one client, got 0." },
        { "\"participation\": -0.1", "participation", "-0.1", "above 0" },
        { "\"participation\": 1.01", "participation", "1.01", "at most 1" },
        { "\"rounds\": 0", "rounds", "0", "must be between 1 and 100000" },
        { "\"rounds\": 100001", "rounds", "100001", "must be between 1 and 100000" },
        { "\"rounds\": 10, \"evaluateEvery\": 11", "evaluateEvery", "11", "must be between 1 and 10 (rounds), got 11." },
        { "\"evaluateEvery\": 0", "evaluateEvery", "0", "must be between 1 and 30" },
        { "\"workers\": 0", "workers", "0", "must be between 1 and 1024" },
        { "\"keepCheckpoints\": 0", "keepCheckpoints", "0", "must be between 1 and 1000" },
        { "\"algorithm\": { \"name\": \"fedsgd\" }", "algorithm.name", "fedsgd", "must be one of fedavg, fedloge" },
        { "\"algorithm\": { \"localEpochs\": 0 }", "algorithm.localEpochs", "0", "must be between 1 and 1000" },
        { "\"algorithm\": { \"batchSize\": 0 }", "algorithm.batchSize", "0", "must be between 1 and 65536" },
        { "\"algorithm\": { \"learningRate\": -0.1 }", "algorithm.learningRate", "-0.1", "at least 0" },
        { "\"algorithm\": { \"momentum\": 1 }", "algorithm.momentum", "1", "must be at least 0 and below 1" },
        { "\"algorithm\": { \"weightDecay\": -1 }", "algorithm.weightDecay", "-1", "at least 0" },
        { "\"algorithm\": { \"sparsity\": 1 }", "algorithm.sparsity", "1", "must be at least 0 and below 1" },
        { "\"algorithm\": { \"gamma\": 0 }", "algorithm.gamma", "0", "above 0" },
        { "\"algorithm\": { \"classifierSteps\": -1 }", "algorithm.classifierSteps", "-1", "must be between 0 and 1000000" },
        { "\"algorithm\": { \"genericRealignment\": \"x\" }", "algorithm.genericRealignment", "x", "must be one of unit, reference" },
        { "\"algorithm\": { \"personalRealignment\": \"x\" }", "algorithm.personalRealignment", "x", "must be one of figure, reference" },
        { "\"augmentation\": { \"cropPadding\": -1 }", "augmentation.cropPadding", "-1", "must be between 0 and 64" },
        { "\"augmentation\": { \"cropPadding\": 9 }", "augmentation.cropPadding", "9", "must be at most 8, the side of an image of digits" },
        { "\"evaluation\": { \"absentClassMask\": \"all\" }", "evaluation.absentClassMask", "all", "must be one of none, train, test" },
        { "\"evaluation\": { \"groupRule\": \"x\" }", "evaluation.groupRule", "x", "must be one of counts, cumulative" },
        { "\"evaluation\": { \"localTestImages\": 0 }", "evaluation.localTestImages", "0", "must be between 1 and" },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public void A_value_beyond_a_bound_is_named_with_field_value_and_bound(string fields, string field, string? value, string message)
    {
        string text = fields.Contains("\"dataset\"", StringComparison.Ordinal) ? $"{{ {fields} }}" : $"{{ \"dataset\": \"digits\", {fields} }}";
        RunSpec spec = RunSpecReader.Read(text).Spec!;
        SpecProblem problem = Assert.Single(RunSpecValidator.Validate(spec, Catalogue, TestContext.Current.CancellationToken));
        Assert.Equal(field, problem.Field);
        Assert.Equal(value, problem.Value);
        Assert.StartsWith(field + " must ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"longTail\": { \"imbalanceFactor\": 124 }")]
    [InlineData("\"longTail\": { \"imbalanceFactor\": 1 }")]
    [InlineData("\"partition\": { \"clients\": 1297 }")]
    [InlineData("\"partition\": { \"alpha\": 1e-6, \"clients\": 1 }")]
    [InlineData("\"participation\": 0.001")]
    [InlineData("\"participation\": 1")]
    [InlineData("\"rounds\": 1, \"evaluateEvery\": 1")]
    [InlineData("\"algorithm\": { \"learningRate\": 0, \"momentum\": 0, \"sparsity\": 0, \"classifierSteps\": 0, \"batchSize\": 1 }")]
    [InlineData("\"device\": \"cuda:63\"")]
    [InlineData("\"workers\": 1")]
    [InlineData("\"model\": \"cnn\"")]
    [InlineData("\"augmentation\": { \"cropPadding\": 8 }")]
    public void A_value_on_a_bound_is_accepted(string fields) => Assert.Empty(
        RunSpecValidator.Validate(RunSpecReader.Read($"{{ \"dataset\": \"digits\", {fields} }}").Spec!, Catalogue, TestContext.Current.CancellationToken));

    [Fact]
    public void Not_a_number_is_refused_wherever_a_number_stands()
    {
        RunSpec spec = Good with
        {
            Participation = double.NaN,
            LongTail = new() { ImbalanceFactor = double.NaN },
            Partition = new() { Alpha = double.NaN },
            Algorithm = new() { LearningRate = double.NaN, Momentum = double.NaN, WeightDecay = double.NaN, Sparsity = double.NaN, Gamma = double.NaN },
        };
        Assert.Equal(
            ["longTail.imbalanceFactor", "partition.alpha", "algorithm.learningRate", "algorithm.momentum", "algorithm.weightDecay", "algorithm.sparsity", "algorithm.gamma", "participation"],
            RunSpecValidator.Validate(spec, Digits).Select(p => p.Field));
    }

    [Fact]
    public void Fewer_features_than_classes_name_both_numbers_and_the_models_that_would_do()
    {
        RunSpec spec = new() { Dataset = "cifar100", Model = "resnet8", Algorithm = new() { Name = "fedloge" } };
        SpecProblem problem = Assert.Single(RunSpecValidator.Validate(spec, Cifar100));
        Assert.Equal("model", problem.Field);
        Assert.Contains("C = 100", problem.Message, StringComparison.Ordinal);
        Assert.Contains("resnet8 with d = 64", problem.Message, StringComparison.Ordinal);
        Assert.Contains("(cnn, resnet18, resnet34 have)", problem.Message, StringComparison.Ordinal);
        Assert.Empty(RunSpecValidator.Validate(spec with { Model = "resnet18" }, Cifar100));
        Assert.Empty(RunSpecValidator.Validate(spec with { Algorithm = new() }, Cifar100));
    }

    [Fact]
    public void The_small_cnn_needs_images_of_eight_pixels()
    {
        DatasetInfo tiny = Digits with { Shape = new ImageShape(1, 7, 8) };
        Assert.Contains("cnn needs 8×8", Assert.Single(RunSpecValidator.Validate(Good with { Model = "cnn" }, tiny)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_of_clients_and_classes_beyond_memory_is_refused()
    {
        DatasetInfo many = Digits with
        {
            ClassNames = [.. Enumerable.Range(0, 8_142).Select(c => $"{c}")],
            TrainCounts = [.. Enumerable.Repeat(100, 8_142)],
        };
        SpecProblem problem = Assert.Single(RunSpecValidator.Validate(Good with { Partition = new() { Clients = 10_000 } }, many));
        Assert.Contains("must be at most 3070 with the 8142 classes", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_without_training_images_is_named()
    {
        DatasetInfo holed = Digits with { TrainCounts = [.. Digits.TrainCounts.Select((n, c) => c == 3 ? 0 : n)] };
        Assert.Contains("none of 3", Assert.Single(RunSpecValidator.Validate(Good, holed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_set_that_is_not_there_is_a_problem_of_the_field_that_names_it()
    {
        SpecProblem problem = Assert.Single(RunSpecValidator.Validate(Good with { Dataset = "cifar10" }, Catalogue, TestContext.Current.CancellationToken));
        Assert.Equal("dataset", problem.Field);
        Assert.Contains("data_batch_1.bin", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_wrong_is_said_at_once()
    {
        RunSpec spec = new()
        {
            Name = new string('x', 201),
            Notes = new string('x', 20_001),
            Dataset = "x",
            Model = "y",
            Device = "z",
            Rounds = -1,
            EvaluateEvery = -1,
            Algorithm = new() { Name = "w" },
        };
        Assert.Equal(
            ["name", "notes", "dataset", "model", "algorithm.name", "rounds", "evaluateEvery", "device"],
            RunSpecValidator.Validate(spec, info: null).Select(p => p.Field));
    }

    [Fact]
    public void A_part_that_is_null_is_a_problem_and_no_exception()
    {
        RunSpec spec = System.Text.Json.JsonSerializer.Deserialize<RunSpec>(
            """{ "dataset": "digits", "partition": null, "evaluation": null, "model": null }""", Contracts.ContractJson.Options)!;
        Assert.Equal(["partition", "evaluation"], RunSpecValidator.Validate(spec, Digits).Select(p => p.Field));
        Assert.Equal(["name", "dataset", "model", "device"], RunSpecValidator.Validate(Good with { Name = null!, Dataset = null!, Model = null!, Device = null! }, Digits).Select(p => p.Field));
    }

    [Fact]
    public void A_long_value_is_cut_in_the_message()
    {
        SpecProblem problem = Assert.Single(RunSpecValidator.Validate(Good with { Model = new string('x', 10_000) }, Digits));
        Assert.True(problem.Message.Length < 300);
        Assert.True(problem.Value!.Length < 100);
    }
}
