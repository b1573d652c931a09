namespace FedPlatform.Web.Datasets;

public static class DatasetServices
{
    public static WebApplicationBuilder AddDatasets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RegisteredDatasets>();
        builder.Services.AddSingleton<IDatasetService, DatasetService>();
        return builder;
    }
}
