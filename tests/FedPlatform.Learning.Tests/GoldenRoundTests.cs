using System.Text.Json;
using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Algorithms.FedLoGe;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Metrics;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Tests;

/// <summary>
/// Against numbers that no line of this repository's C# made: bench/peers/golden.py computes two clients' local passes on ResNet-8, their
/// weighted mean and the heads of GLA-FR in PyTorch, in float64. A wrong stride, shortcut, gradient, BatchNorm statistic, momentum rule or
/// weight shows here.
/// </summary>
public sealed class GoldenRoundTests : IDisposable
{
    private const int Classes = 10;
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "round.json"))).RootElement;
    private static readonly HeadSpec[] FedLoGeHeads = [new("psi", HeadRole.Shared, false), new("phi", HeadRole.Private, false), new("etf", HeadRole.Frozen, true)];
    private static readonly HeadSpec[] FedAvgHeads = [new("classifier", HeadRole.Shared, true)];
    private readonly DisposeScope scope;

    public GoldenRoundTests()
    {
        TorchRuntime.Start();
        TorchRuntime.EnterThread();
        scope = NewDisposeScope();
    }

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("fedloge")]
    [InlineData("fedavg")]
    public void A_round_of_two_clients_ends_where_PyTorch_ends(string algorithm)
    {
        bool loge = algorithm == "fedloge";
        JsonElement golden = Golden.GetProperty(algorithm);
        var layout = new StateLayout(BackboneFactory.Create("resnet8", new ImageShape(1, 8, 8)), loge ? FedLoGeHeads : FedAvgHeads, Classes);
        float[] start = StartOf(layout, loge ? "psi" : "classifier");
        Tensor upload = tensor(start), frozen = loge ? tensor(WithoutBias("etf", layout.RowLength)) : zeros(0);
        var options = new LocalOptions(Golden.GetProperty("epochs").GetInt32(), Golden.GetProperty("batch").GetInt32(), Golden.GetProperty("learningRate").GetDouble(), Golden.GetProperty("momentum").GetDouble(), 0);
        int[][] clients = Golden.GetProperty("clients").Deserialize<int[][]>()!;
        using var model = new LocalModel(layout, options, CPU);
        using var mean = new WeightedMean(upload, clients.Sum(c => (long)c[1]));

        for (int k = 0; k < clients.Length; k++)
        {
            float[] phi = loge ? Values($"phi {k}", (int)layout.HeadLength) : [];
            model.Load(upload, phi, frozen);
            JsonElement expected = golden.GetProperty("clients")[k];
            Train(model, options, clients[k][0], clients[k][1], layout, expected.GetProperty("losses"));
            mean.Fold(model.Upload, clients[k][1]);
            if (loge) Same("phi", model.PrivateHeads(), phi, expected.GetProperty("phi"));
        }

        float[] end = mean.Result().data<float>().ToArray();
        int compared = 0;
        foreach ((string name, int offset, int length) in Places(layout, loge ? "psi" : "classifier"))
        {
            Same(name, end.AsSpan(offset, length), start.AsSpan(offset, length), golden.GetProperty("model").GetProperty(name));
            compared++;
        }

        Assert.Equal(golden.GetProperty("model").EnumerateObject().Count(), compared);
    }

    [Fact]
    public void Realigned_heads_predict_what_PyTorch_predicts()
    {
        Tensor psi = tensor(Values("psi", Classes * 65), [Classes, 65]), phi = tensor(Values("phi 0", Classes * 65), [1, Classes, 65]);
        Tensor z = cat([tensor(Uniform(Golden.GetProperty("features").GetUInt32(), 3 * 64, 0, 2), [3, 64]), ones(3, 1)], 1);
        bool[] allowed = new bool[Classes];
        foreach (JsonElement c in Golden.GetProperty("allowed").EnumerateArray()) allowed[c.GetInt32()] = true;
        var heads = new Dictionary<string, Tensor>
        {
            ["unit"] = Realignment.GenericUnit(psi),
            ["generic reference"] = Realignment.GenericReference(psi),
            ["figure"] = Realignment.PersonalFigure(psi, phi)[0],
            ["reference"] = Realignment.PersonalReference(psi, phi)[0],
            ["before"] = phi[0],
        };
        foreach (JsonProperty expected in Golden.GetProperty("realignment").EnumerateObject())
        {
            float[] logits = z.mm(heads[expected.Name].t()).data<float>().ToArray();
            double[] right = expected.Value.GetProperty("logits").Deserialize<double[]>()!;
            for (int i = 0; i < right.Length; i++) Assert.Equal(right[i], logits[i], 2e-6 * (1 + Math.Abs(right[i])));
            Assert.Equal(expected.Value.GetProperty("all").Deserialize<int[]>(), Enumerable.Range(0, 3).Select(i => MaskedArgmax.Of(logits.AsSpan(i * Classes, Classes), [])));
            Assert.Equal(expected.Value.GetProperty("masked").Deserialize<int[]>(), Enumerable.Range(0, 3).Select(i => MaskedArgmax.Of(logits.AsSpan(i * Classes, Classes), allowed)));
        }
    }

    private static void Train(LocalModel model, LocalOptions options, int first, int samples, StateLayout layout, JsonElement losses)
    {
        Tensor images = tensor(Uniform(Golden.GetProperty("images").GetUInt32(), 16 * 64, -2, 2), [16, 8, 8, 1]).permute(0, 3, 1, 2);
        Tensor labels = tensor([.. Uniform(Golden.GetProperty("labels").GetUInt32(), 16, 0, 10).Select(v => (long)v)]);
        int step = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            for (int at = 0; at < samples; at += options.BatchSize, step++)
            {
                int batch = Math.Min(options.BatchSize, samples - at);
                Tensor sums = zeros(layout.Heads.Count);
                model.Step(images.narrow(0, first + at, batch), labels.narrow(0, first + at, batch), sums);

                // The script lists the loss of the head that drives the backbone first; here frozen heads come last.
                double[] mine = [.. sums.data<float>().ToArray().Select(v => (double)v / batch)], right = losses[step].Deserialize<double[]>()!;
                double[] ordered = mine.Length == 3 ? [mine[2], mine[0], mine[1]] : mine;
                for (int h = 0; h < right.Length; h++) Assert.Equal(right[h], ordered[h], 2e-5 * right[h]);
            }
        }

        Assert.Equal(losses.GetArrayLength(), step);
    }

    // How far a tensor moved is compared as well as where it is: weights hide an update a thousand times smaller than they are.
    private static void Same(string name, ReadOnlySpan<float> end, ReadOnlySpan<float> start, JsonElement expected)
    {
        double moved = 0;
        for (int i = 0; i < end.Length; i++) moved += ((double)end[i] - start[i]) * ((double)end[i] - start[i]);
        double right = expected.GetProperty("moved").GetDouble(), largest = expected.GetProperty("largest").GetDouble();
        Assert.True(Math.Abs(Math.Sqrt(moved) - right) < 5e-4 * right, $"{name} moved by {Math.Sqrt(moved):G6}, PyTorch's by {right:G6}.");
        int[] at = expected.GetProperty("at").Deserialize<int[]>()!;
        double[] values = expected.GetProperty("values").Deserialize<double[]>()!;
        for (int i = 0; i < at.Length; i++)
        {
            Assert.True(Math.Abs(end[at[i]] - values[i]) < 5e-4 * largest + 2e-7, $"{name}[{at[i]}] is {end[at[i]]:G8}, PyTorch's {values[i]:G8}; the largest update is {largest:G3}.");
        }
    }

    private static float[] StartOf(StateLayout layout, string sharedHead)
    {
        float[] start = new float[layout.UploadLength];
        foreach ((string name, int offset, int length) in Places(layout, sharedHead)) Values(name, length).CopyTo(start, offset);
        return start;
    }

    private static IEnumerable<(string Name, int Offset, int Length)> Places(StateLayout layout, string sharedHead) =>
    [
        .. layout.Backbone.Buffers.Select((e, i) => (e.Name, (int)layout.BufferOffsets[i], (int)e.Length)),
        .. layout.Backbone.Parameters.Select((e, i) => (e.Name, (int)layout.ParameterOffsets[i], (int)e.Length)),
        (sharedHead, (int)layout.HeadsStart, (int)layout.HeadLength),
    ];

    private static float[] Values(string name, int length)
    {
        JsonElement entry = Golden.GetProperty("entries").EnumerateArray().Single(e => e.GetProperty("name").GetString() == name);
        return Uniform(entry.GetProperty("salt").GetUInt32(), length, entry.GetProperty("low").GetDouble(), entry.GetProperty("high").GetDouble());
    }

    private static float[] WithoutBias(string name, int row)
    {
        float[] head = Values(name, Classes * row);
        for (int c = 0; c < Classes; c++) head[(c + 1) * row - 1] = 0;
        return head;
    }

    // The script's hash of (salt, index), bit for bit.
    private static float[] Uniform(uint salt, int length, double low, double high) => [.. Enumerable.Range(0, length).Select(i =>
    {
        unchecked
        {
            uint h = ((uint)i + salt * 1000003u) * 2654435761u;
            h = (h ^ (h >> 15)) * 2246822519u;
            h = (h ^ (h >> 13)) * 3266489917u;
            h ^= h >> 16;
            return (float)(low + (high - low) * (h / 4294967296.0));
        }
    })];
}
